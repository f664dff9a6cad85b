import { bootId, isAlive, type ProcessIdentity } from './identity.ts';
import { readCgroup } from './cgroup.ts';
import { holdsMarker, isMarked } from './marked.ts';
import { isDeadState, isTaken, isThread, readEnviron, readStat, type ProcStat } from './proc.ts';
import { Strays } from './strays.ts';
import { isBounded, youngPids, type PidsToLookAt, type RunBeginning } from './young-pids.ts';

/** Which processes belong to a tree. */
export interface TreeQuery {
  readonly runId: string;
  /** The agent's process group and session. Used only while it is provably the agent's and of no later process. */
  readonly group: number | undefined;
  readonly identities: readonly ProcessIdentity[];
  /** Left alone, with what they run in their own process group. */
  readonly spare: readonly ProcessIdentity[];
  /** Bounds where the processes can be. Without it every process of the machine is looked at. */
  readonly beginning?: RunBeginning | undefined;
  /** Every process in it is the run's, unless another run marked it. */
  readonly cgroup?: string | undefined;
  /** Files that the agent's output goes to: what writes there too was started by it. */
  readonly outputs?: readonly string[] | undefined;
}

/** What one look found. */
export interface Look {
  readonly left: readonly ProcessIdentity[];
  /** False when a process vanished before it could be judged: it may have left a child that is not in the list yet. */
  readonly conclusive: boolean;
  /** Nothing was started from its beginning to its end: what it did not find is not there. */
  readonly complete: boolean;
}

/** An environment is empty for an instant during exec, and for good after `env -i`. */
const emptyLooks = 3;
/** Where something is started all the time, a look is not drawn out for ever. */
const maxRounds = 5;

/** Names an identity in a map. */
export function identityKey({ pid, startTime }: Pick<ProcessIdentity, 'pid' | 'startTime'>): string {
  return `${pid}:${startTime}`;
}

type Verdict = 'ours' | 'other' | 'unclear';
type IsMember = (stat: ProcStat) => boolean;

/** What one look knows before it begins. */
interface Looking {
  readonly boot: string;
  /** Pids in the run's cgroup. */
  readonly inCgroup: ReadonlySet<number>;
  readonly isOfSession: IsMember;
  readonly isHelper: IsMember;
  readonly take: (identity: ProcessIdentity) => Promise<void>;
}

/**
 * Finds the processes of a run that are left: marked ones, members of its cgroup and of the agent's group or session,
 * and those found before.
 * A child of the agent is not enough: an agent may have started another run's holder or another control plane.
 * Processes of other programs are remembered, so that later looks are fast enough to catch a tree that forks all the
 * time.
 */
export class TreeScanner {
  readonly #query: TreeQuery;
  readonly #spared: ReadonlySet<string>;
  readonly #known = new Map<string, ProcessIdentity>();
  /** Judged for good: of another program, or dead. */
  readonly #judged = new Set<string>();
  readonly #empty = new Map<string, number>();
  readonly #strays: Strays;

  constructor(query: TreeQuery) {
    this.#query = query;
    this.#spared = new Set(query.spare.map(identityKey));
    this.#strays = new Strays(query.outputs ?? []);
  }

  /**
   * Processes that live and are not proven to be the run's: younger than it, marked by no run, and seen as children of
   * its processes or as writers of its output.
   */
  strays(): ProcessIdentity[] {
    return this.#strays.living();
  }

  /** Calls `found` for each process at once: the sooner a process is stopped, the fewer children it has. */
  async look(found?: (identity: ProcessIdentity) => Promise<void>): Promise<Look> {
    const left: ProcessIdentity[] = [];
    const seen = new Set<string>();
    const take = async (identity: ProcessIdentity): Promise<void> => {
      const key = identityKey(identity);
      if (seen.has(key) || this.#spared.has(key) || identity.pid < 2 || identity.pid === process.pid) return;
      seen.add(key);
      left.push(identity);
      await found?.(identity);
    };
    for (const identity of this.#query.identities) {
      this.#strays.isOurs(identity.pid);
      if (await isAlive(identity)) await take(identity);
    }
    if (process.platform !== 'linux') return { left, conclusive: true, complete: false };
    return { left, ...(await this.#scan(take)) };
  }

  async #scan(take: Looking['take']): Promise<Omit<Look, 'left'>> {
    const boot = await bootId();
    const { cgroup, beginning } = this.#query;
    const looking: Looking = {
      boot,
      inCgroup: new Set(cgroup === undefined ? [] : await readCgroup(cgroup)),
      isOfSession: await this.#membership(boot),
      isHelper: this.#helpers(boot),
      take,
    };
    let conclusive = await this.#lookAt({ pids: [...looking.inCgroup], areTried: false }, looking);
    let place = await youngPids(beginning);
    conclusive = (await this.#lookAt(place, looking)) && conclusive;
    // What was started during the look.
    for (let round = 0; place.upTo !== undefined && round < maxRounds; round += 1) {
      place = await youngPids(beginning, place.upTo);
      if (place.upTo !== undefined && place.pids.length === 0) return { conclusive, complete: conclusive };
      conclusive = (await this.#lookAt(place, looking)) && conclusive;
    }
    return { conclusive, complete: false };
  }

  /** False when something could not be judged. */
  async #lookAt({ pids, areTried }: PidsToLookAt, looking: Looking): Promise<boolean> {
    let clear = true;
    // The newest first: a tree that forks all the time is there.
    for (const pid of pids.toReversed()) {
      // Most of the numbers that are tried belong to nothing any more.
      if (areTried && !isTaken(pid)) continue;
      const stat = readStat(pid);
      // Looked at each time and never remembered: a helper may still become something else.
      if (stat && looking.isHelper(stat)) continue;
      const verdict = stat ? await this.#judge(stat, looking) : 'unclear';
      if (verdict === 'unclear') clear = false;
      if (!stat || verdict !== 'ours' || (areTried && isThread(pid))) continue;
      const identity = { pid, startTime: stat.startTime, bootId: looking.boot };
      this.#strays.isOurs(pid);
      this.#known.set(identityKey(identity), identity);
      await looking.take(identity);
    }
    return clear;
  }

  /**
   * Group and session of the agent. Proven by their leader, a zombie too, while there is one; after its death by the
   * order of pids: a number that was not given out again is still the agent's.
   */
  async #membership(boot: string): Promise<IsMember> {
    const { group, identities, beginning } = this.#query;
    const agent = identities.find(({ pid, bootId: at }) => pid === group && at === boot);
    if (group === undefined || !agent) return () => false;
    const leader = readStat(group);
    const isProven = leader
      ? leader.startTime === agent.startTime
      : beginning !== undefined && (await isBounded(beginning));
    return (stat) => isProven && (stat.group === group || stat.session === group);
  }

  /**
   * What a spared holder runs to record the exit (sync, mv): its child, in its own process group, where no agent ever
   * is.
   */
  #helpers(boot: string): IsMember {
    const groups = new Map<number, number>();
    for (const { pid, startTime, bootId: at } of this.#query.spare) {
      const holder = readStat(pid);
      if (holder?.startTime === startTime && at === boot) groups.set(pid, holder.group);
    }
    return (stat) => groups.get(stat.parent) === stat.group;
  }

  async #judge(stat: ProcStat, { isOfSession, inCgroup, boot }: Looking): Promise<Verdict> {
    const key = identityKey(stat);
    if (isDeadState(stat.state)) {
      const first = !this.#judged.has(key);
      this.#judged.add(key);
      return first ? 'unclear' : 'other';
    }
    if (this.#known.has(key) || isOfSession(stat)) return 'ours';
    if (this.#judged.has(key)) return 'other';
    if (stat.isKernel || this.#isOlder(stat)) return this.#other(key);
    this.#strays.see(stat);
    const environ = await readEnviron(stat.pid);
    if (environ && holdsMarker(environ, this.#query.runId)) return 'ours';
    // An agent may have started another run's holder: that run ends it.
    if (inCgroup.has(stat.pid)) return environ && isMarked(environ) ? this.#other(key) : 'ours';
    if (readStat(stat.pid)?.startTime !== stat.startTime) return 'unclear';
    if (environ?.length === 0) {
      const times = (this.#empty.get(key) ?? 0) + 1;
      this.#empty.set(key, times);
      if (times < emptyLooks) return 'unclear';
    }
    if (environ && this.#query.beginning && !isMarked(environ)) this.#strays.add(stat, boot);
    return this.#other(key);
  }

  #other(key: string): 'other' {
    this.#judged.add(key);
    return 'other';
  }

  /** On Linux a start time is a number of clock ticks. */
  #isOlder({ startTime }: ProcStat): boolean {
    const { beginning } = this.#query;
    return beginning !== undefined && Number(startTime) < Number(beginning.startTime);
  }
}
