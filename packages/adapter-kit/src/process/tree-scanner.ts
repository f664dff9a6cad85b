import { bootId, identityKey, isAlive, type ProcessIdentity } from './identity.ts';
import { areGone } from './are-gone.ts';
import { isDeserted, readCgroup } from './cgroup.ts';
import { holdsMarker, isMarked } from './marked.ts';
import { isDeadState, readEnviron, readStat, type ProcStat } from './proc.ts';
import { listProcesses, readForks, readYounger } from './starts.ts';
import { Strays } from './strays.ts';

/** Which processes belong to a tree. */
export interface TreeQuery {
  readonly runId: string;
  /** The agent's process group and session. Used only while it is provably the agent's and of no later process. */
  readonly group: number | undefined;
  readonly identities: readonly ProcessIdentity[];
  /** Left alone, with what they run in their own process group. */
  readonly spare: readonly ProcessIdentity[];
  /** The run's first process: none of the run is older. Without it every process of the machine is judged. */
  readonly beginning?: ProcessIdentity | undefined;
  /** Every process in it is the run's, unless another run marked it. */
  readonly cgroup?: string | undefined;
  /** Files that the agent's output goes to: what writes there too was started by it. */
  readonly outputs?: readonly string[] | undefined;
}

/** What one look found. */
export interface Look {
  readonly left: readonly ProcessIdentity[];
  /**
   * False when a process could not be judged, or vanished before: it may have left a child that is not in the list yet,
   * unless the run has a cgroup and that is empty.
   */
  readonly conclusive: boolean;
  /** Nothing was started from its beginning to its end: what it did not find is not there. */
  readonly complete: boolean;
}

/** An environment is empty for an instant during exec, and for good after `env -i`. */
const emptyLooks = 3;

/**
 * `mate`: of a session or group with the number of the agent's, and of no run by its mark. `gone`: it ended before it
 * could be judged. `unclear`: it lives, and cannot be judged yet.
 */
type Verdict = 'ours' | 'mate' | 'other' | 'gone' | 'unclear';
type IsMember = (stat: ProcStat) => boolean;

/** What one look knows before it begins. */
interface Looking {
  readonly boot: string;
  /** Pids in the run's cgroup. */
  readonly inCgroup: ReadonlySet<number>;
  /** Has the agent's number as its group or session. */
  readonly isMate: IsMember;
  /** Whether that number is proven to be the agent's still. */
  readonly isProven: boolean;
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
  /** What the last look found. */
  found: readonly ProcessIdentity[] = [];
  /** How many processes had been started before the last look, if that could judge all that live. */
  #forks: number | undefined;
  #isProven = false;

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

  /** Calls `act` for each process at once: the sooner a process is stopped, the fewer children it has. */
  async look(act?: (identity: ProcessIdentity) => Promise<void>): Promise<Look> {
    const left: ProcessIdentity[] = [];
    const seen = new Set<string>();
    const take = async (identity: ProcessIdentity): Promise<void> => {
      const key = identityKey(identity);
      if (seen.has(key) || this.#spared.has(key) || identity.pid < 2 || identity.pid === process.pid) return;
      seen.add(key);
      left.push(identity);
      await act?.(identity);
    };
    for (const identity of this.#query.identities) {
      this.#strays.isOurs(identity.pid);
      if (await isAlive(identity)) await take(identity);
    }
    this.found = left;
    if (process.platform !== 'linux') return { left, conclusive: true, complete: false };
    const before = await readForks();
    const verdicts = await this.#lookAround(take);
    const isUnclear = verdicts.has('unclear');
    // What is gone left no child that is not in the list, unless something was started meanwhile: then such a child is
    // in the run's cgroup, where it has one.
    this.#forks = isUnclear ? undefined : before;
    const conclusive = !isUnclear && (!verdicts.has('gone') || (left.length === 0 && (await this.#isDeserted())));
    const complete = await this.isStill();
    this.#isProven = complete && left.length === 0;
    return { left, conclusive, complete };
  }

  /** True while nothing was started since the last look began: what that did not find is not there. */
  async isStill(): Promise<boolean> {
    return this.#forks !== undefined && this.#forks === (await readForks());
  }

  /**
   * Waits for the end of what the last look found, for at most `ms`. True when that is gone and nothing was started
   * meanwhile: then nothing is left, and no other look is needed.
   */
  async isOver(ms: number): Promise<boolean> {
    if (this.found.length === 0 || !(await areGone(this.found, ms))) return false;
    this.#isProven = await this.isStill();
    return this.#isProven;
  }

  /**
   * After the looks that found nothing: whether they cannot have missed a process, either because nothing was started
   * meanwhile, or because the run's cgroup is empty, in which a tree that forks all the time would be.
   */
  async isProven(): Promise<boolean> {
    return this.#isProven || this.#isDeserted();
  }

  async #isDeserted(): Promise<boolean> {
    const { cgroup } = this.#query;
    return cgroup !== undefined && isDeserted(cgroup);
  }

  async #lookAround(take: Looking['take']): Promise<ReadonlySet<Verdict>> {
    const boot = await bootId();
    const { cgroup } = this.#query;
    const looking: Looking = {
      boot,
      inCgroup: new Set(cgroup === undefined ? [] : await readCgroup(cgroup)),
      ...this.#membership(boot),
      isHelper: this.#helpers(boot),
      take,
    };
    const mates: ProcStat[] = [];
    let witness: ProcStat | undefined;
    const verdicts = new Set<Verdict>();
    // The newest first: a tree that forks all the time is there. Those of the cgroup before: there it is certain.
    for (const pid of new Set([...looking.inCgroup, ...(await listProcesses()).toReversed()])) {
      const stat = readYounger(pid, this.#query.beginning?.startTime);
      // A helper is looked at each time and never remembered: it may still become something else.
      if (stat === 'older' || (stat && looking.isHelper(stat))) continue;
      const verdict = stat ? await this.#judge(stat, looking) : 'gone';
      verdicts.add(verdict);
      if (stat && verdict === 'mate') mates.push(stat);
      if (!stat || verdict !== 'ours') continue;
      if (looking.isMate(stat)) witness = stat;
      await this.#takeOurs(stat, looking);
    }
    witness ??= mates.find(({ pid }) => this.#strays.writes(pid));
    for (const mate of mates) {
      if (witness && areThere([mate, witness], looking.isMate)) await this.#takeOurs(mate, looking);
      else if (this.#query.beginning) this.#strays.addMate(mate, boot);
    }
    return verdicts;
  }

  async #takeOurs({ pid, startTime }: ProcStat, { boot, take }: Looking): Promise<void> {
    const identity = { pid, startTime, bootId: boot };
    this.#strays.isOurs(pid);
    this.#known.set(identityKey(identity), identity);
    await take(identity);
  }

  /**
   * Group and session of the agent. Their number is proven by their leader, a zombie too, while there is one. After its
   * death a number alone proves nothing, for it may have been given out again; but not while a process of the run still
   * has it.
   */
  #membership(boot: string): Pick<Looking, 'isMate' | 'isProven'> {
    const { group, identities } = this.#query;
    const agent = identities.find(({ pid, bootId: at }) => pid === group && at === boot);
    const leader = group === undefined ? undefined : readStat(group);
    if (!agent || (leader && leader.startTime !== agent.startTime)) return { isMate: () => false, isProven: false };
    return { isMate: (stat) => stat.group === group || stat.session === group, isProven: leader !== undefined };
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

  async #judge(stat: ProcStat, { isMate, isProven, inCgroup, boot }: Looking): Promise<Verdict> {
    const key = identityKey(stat);
    if (isDeadState(stat.state)) {
      const first = !this.#judged.has(key);
      this.#judged.add(key);
      return first ? 'gone' : 'other';
    }
    if (this.#known.has(key) || (isProven && isMate(stat))) return 'ours';
    if (this.#judged.has(key)) return 'other';
    if (stat.isKernel) return this.#other(key);
    this.#strays.see(stat);
    const environ = await readEnviron(stat.pid);
    if (environ && holdsMarker(environ, this.#query.runId)) return 'ours';
    // An agent may have started another run's holder: that run ends it.
    if (inCgroup.has(stat.pid)) return environ && isMarked(environ) ? this.#other(key) : 'ours';
    if (readStat(stat.pid)?.startTime !== stat.startTime) return 'gone';
    if (environ?.length === 0) {
      const times = (this.#empty.get(key) ?? 0) + 1;
      this.#empty.set(key, times);
      if (times < emptyLooks) return 'unclear';
    }
    if (environ && isMarked(environ)) return this.#other(key);
    if (isMate(stat)) return 'mate';
    if (environ && this.#query.beginning) this.#strays.add(stat, boot);
    return this.#other(key);
  }

  #other(key: string): 'other' {
    this.#judged.add(key);
    return 'other';
  }
}

/** True while each is what it was, with the same number: for as long nobody else can have got that. */
function areThere(stats: readonly ProcStat[], isMate: IsMember): boolean {
  return stats.every(({ pid, startTime }) => {
    const now = readStat(pid);
    return now?.startTime === startTime && !isDeadState(now.state) && isMate(now);
  });
}
