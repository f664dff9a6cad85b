import { statSync, type Stats } from 'node:fs';
import type { ProcessIdentity } from './identity.ts';
import { isDeadState, readStat, type ProcStat } from './proc.ts';

/** On a machine that starts programs all the time only the first ones are remembered. */
const maxRemembered = 10_000;

/**
 * Collects processes that a run's agent may have started and that nothing proves to be the run's: they cleared their
 * environment and left its session. They may as well be another program that the agent started to stay, so they are
 * reported and never ended.
 */
export class Strays {
  readonly #outputs: readonly Stats[];
  readonly #candidates = new Map<number, ProcessIdentity>();
  readonly #parents = new Map<number, number>();
  readonly #ours = new Set<number>();
  readonly #sessionMates = new Set<number>();

  constructor(outputs: readonly string[]) {
    this.#outputs = outputs.map(look).filter((found) => found !== undefined);
  }

  /** A process of the run: its children are strays. */
  isOurs(pid: number): void {
    this.#ours.add(pid);
  }

  /** Call it at first sight: its parent may end before it is judged. */
  see({ pid, parent }: ProcStat): void {
    if (this.#parents.size < maxRemembered && !this.#parents.has(pid)) this.#parents.set(pid, parent);
  }

  /** A process that nothing proves to be of this or another run. */
  add({ pid, startTime }: ProcStat, bootId: string): void {
    if (this.#candidates.size < maxRemembered) this.#candidates.set(pid, { pid, startTime, bootId });
  }

  /** As `add`, for one in a session or group that has the number of the agent's and may be another one. */
  addMate(stat: ProcStat, bootId: string): void {
    this.add(stat, bootId);
    this.#sessionMates.add(stat.pid);
  }

  living(): ProcessIdentity[] {
    const found: ProcessIdentity[] = [];
    for (const identity of this.#candidates.values()) {
      const stat = readStat(identity.pid);
      if (!stat || stat.startTime !== identity.startTime || isDeadState(stat.state)) continue;
      const isNear = this.#ours.has(this.#parents.get(identity.pid) ?? 0) || this.#sessionMates.has(identity.pid);
      if (identity.pid !== process.pid && (isNear || this.writes(identity.pid))) found.push(identity);
    }
    return found;
  }

  /**
   * Whether the run's output is a process's own. Descriptors 1 and 2 alone: a reader such as `tail -f` has the file
   * elsewhere.
   */
  writes(pid: number): boolean {
    return ['1', '2'].some((descriptor) => {
      const file = look(`/proc/${pid}/fd/${descriptor}`);
      return file !== undefined && this.#outputs.some(({ dev, ino }) => dev === file.dev && ino === file.ino);
    });
  }
}

function look(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined; // another user's
  }
}
