import { bootId, isAlive, type ProcessIdentity } from './identity.ts';
import { holdsMarker } from './marked.ts';
import { isDeadState, listPids, readEnviron, readStat, type ProcStat } from './proc.ts';

/** Which processes belong to a tree. */
export interface TreeQuery {
  readonly runId: string;
  /** The agent's process group and session. Used only while its leader is provably one of `identities`. */
  readonly group: number | undefined;
  readonly identities: readonly ProcessIdentity[];
  /** Left alone, with what they run in their own process group. */
  readonly spare: readonly ProcessIdentity[];
}

/** What one look found. */
export interface Look {
  readonly left: readonly ProcessIdentity[];
  /** False when a process vanished before it could be judged: it may have left a child that is not in the list yet. */
  readonly conclusive: boolean;
}

/** An environment is empty for an instant during exec, and for good after `env -i`. */
const emptyLooks = 3;

/** Names an identity in a map. */
export function identityKey({ pid, startTime }: Pick<ProcessIdentity, 'pid' | 'startTime'>): string {
  return `${pid}:${startTime}`;
}

/**
 * Finds the processes of a run that are left: marked ones, members of the proven group or session, and those found
 * before.
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

  constructor(query: TreeQuery) {
    this.#query = query;
    this.#spared = new Set(query.spare.map(identityKey));
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
    for (const identity of this.#query.identities) if (await isAlive(identity)) await take(identity);
    return { left, conclusive: process.platform !== 'linux' || (await this.#scan(take)) };
  }

  async #scan(take: (identity: ProcessIdentity) => Promise<void>): Promise<boolean> {
    const boot = await bootId();
    const isMember = this.#membership(boot);
    const isHelper = this.#helpers(boot);
    let conclusive = true;
    // The newest first: a tree that forks all the time is there.
    for (const pid of (await listPids()).toReversed()) {
      const stat = readStat(pid);
      if (!stat) {
        conclusive = false;
        continue;
      }
      // Looked at each time and never remembered: a helper may still become something else.
      if (isHelper(stat)) continue;
      const verdict = await this.#judge(stat, isMember);
      if (verdict === 'ours') {
        const identity = { pid, startTime: stat.startTime, bootId: boot };
        this.#known.set(identityKey(identity), identity);
        await take(identity);
      } else if (verdict === 'unclear') conclusive = false;
    }
    return conclusive;
  }

  /** Group and session of the agent, if their leader is provably the agent; a zombie proves them as well. */
  #membership(boot: string): (stat: ProcStat) => boolean {
    const { group, identities } = this.#query;
    const leader = group === undefined ? undefined : readStat(group);
    const proven = identities.some(
      ({ pid, startTime, bootId: at }) => pid === leader?.pid && startTime === leader.startTime && at === boot,
    );
    return (stat) => proven && (stat.group === group || stat.session === group);
  }

  /**
   * What a spared holder runs to record the exit (sync, mv): its child, in its own process group, where no agent ever
   * is.
   */
  #helpers(boot: string): (stat: ProcStat) => boolean {
    const groups = new Map<number, number>();
    for (const { pid, startTime, bootId: at } of this.#query.spare) {
      const holder = readStat(pid);
      if (holder?.startTime === startTime && at === boot) groups.set(pid, holder.group);
    }
    return (stat) => groups.get(stat.parent) === stat.group;
  }

  async #judge(stat: ProcStat, isMember: (stat: ProcStat) => boolean): Promise<'ours' | 'other' | 'unclear'> {
    const key = identityKey(stat);
    if (isDeadState(stat.state)) {
      const first = !this.#judged.has(key);
      this.#judged.add(key);
      return first ? 'unclear' : 'other';
    }
    if (this.#known.has(key) || isMember(stat)) return 'ours';
    if (this.#judged.has(key)) return 'other';
    const environ = await readEnviron(stat.pid);
    if (environ && holdsMarker(environ, this.#query.runId)) return 'ours';
    if (readStat(stat.pid)?.startTime !== stat.startTime) return 'unclear';
    if (environ?.length === 0) {
      const times = (this.#empty.get(key) ?? 0) + 1;
      this.#empty.set(key, times);
      if (times < emptyLooks) return 'unclear';
    }
    this.#judged.add(key);
    return 'other';
  }
}
