import { AgentRuntimeError, type WaitingFor } from '@runtime/contracts';
import { currentRun } from '@runtime/contracts/fold';
import { findCircle } from '../circles/find-circle.ts';
import type { OpenWait, Wait, Waits } from '../circles/waits.ts';
import type { Task } from '../task/task.ts';
import type { Admission } from './admission.ts';
import { waitingFor } from './waiting-for.ts';

/** What the members of a circle can wait for: other kinds end by themselves, or by a person. */
const needs: { readonly [K in WaitingFor['kind']]?: string } = {
  workspace: 'needs the workspace of',
  session: 'needs the conversation of',
  concurrency: 'needs the place of',
};

/**
 * Tasks that wait for one another in a circle. A queued task waits for those that hold what it needs; a running one for
 * the tasks whose end its agent waits for. That is known while a call or a stream of its run is open, and possible as
 * long as a task that it submitted is unfinished. A circle that is known is opened, one that is possible is spoken of.
 */
export class Circles {
  readonly #tasks: ReadonlyMap<string, Task>;
  readonly #admission: Admission;
  readonly #waits: Waits;
  /** The possible wait of its parent, by the id of a task. */
  readonly #ofParents = new Map<string, Wait>();

  constructor(tasks: ReadonlyMap<string, Task>, admission: Admission, waits: Waits) {
    this.#tasks = tasks;
    this.#admission = admission;
    this.#waits = waits;
  }

  /** Call it for a change of a task, before the scheduler learns of it. */
  changed({ id, state }: Task): void {
    const wait = this.#ofParents.get(id);
    const parent = state.ancestors?.[0];
    if (wait && state.outcome) {
      this.#ofParents.delete(id);
      this.#waits.delete(wait);
    } else if (!wait && !state.outcome && parent) {
      const possible = { ...parent, forId: id };
      this.#ofParents.set(id, possible);
      this.#waits.add(possible);
    }
  }

  /** The run of a task begins to wait for another one. */
  beginWait({ taskId, runId, forId }: Wait): OpenWait {
    const refused = new AbortController();
    const wait: Wait = { taskId, runId, forId, refuse: (why) => refused.abort(why) };
    this.#waits.add(wait);
    this.#waitsChanged(forId);
    return {
      refused: refused.signal,
      end: () => {
        this.#waits.delete(wait);
        this.#waitsChanged(forId);
      },
    };
  }

  #waitsChanged(forId: string): void {
    const task = this.#tasks.get(forId);
    if (task) this.#admission.update(task);
    this.#admission.ask();
  }

  /** Whether all that a task waits for ends with the other one. */
  isStuckBehind(taskId: string, otherId: string): boolean {
    return findCircle(otherId, (id) => (id === otherId ? [taskId] : this.#waitsFor(id, isSeen))) !== undefined;
  }

  /** Opens every circle that is known to be one. Call it once the scheduler has decided: each change makes it decide. */
  open(): void {
    for (const { forId } of this.#waits.seen) this.#openAround(forId);
  }

  /**
   * The youngest member that needs a workspace is let into it: its holder can do nothing meanwhile. Nobody can share a
   * conversation, so that there a wait ends, and no task. Places are for the scheduler to lend.
   */
  #openAround(taskId: string): void {
    const circle = findCircle(taskId, (id) => this.#waitsFor(id, isSeen));
    if (!circle) return;
    const members = circle.flatMap((id) => this.#tasks.get(id) ?? []);
    const waiting = (kind: WaitingFor['kind']): Task[] =>
      members.filter((task) => this.#reasonOf(task)?.kind === kind && !currentRun(task.state));
    const [youngest] = waiting('workspace').toSorted((a, b) => b.state.position - a.state.position);
    if (youngest) youngest.release();
    else if (waiting('concurrency').length === 0) this.#refuse(circle);
  }

  /** Ends the wait that closed a circle: the latest one in it. */
  #refuse(circle: readonly string[]): void {
    const isLink = ({ taskId, forId }: Wait): boolean =>
      circle.some((id, index) => id === taskId && circle[(index + 1) % circle.length] === forId);
    const latest = this.#waits.seen.findLast(isLink);
    if (!latest) return;
    this.#waits.delete(latest);
    const { forId } = latest;
    const start = circle.indexOf(forId);
    const fromThere = [...circle.slice(start), ...circle.slice(0, start)];
    latest.refuse?.(
      new AgentRuntimeError('CONFLICT', `this wait would never end: ${this.#describe(fromThere)}`, {
        hint: `go on without waiting for task ${forId}, which goes on by itself then; or cancel it`,
        details: { taskId: forId },
      }),
    );
  }

  /** What a task waits for, with the circle that it may be in. */
  reasonOf(task: Task): WaitingFor | undefined {
    const reason = this.#reasonOf(task);
    if (!reason || !(reason.kind in needs) || currentRun(task.state)) return reason;
    const circle = findCircle(task.id, (id) => this.#waitsFor(id, isPossible));
    if (!circle) return reason;
    const text = `${reason.text}. It may be a circle: ${this.#describe(circle)}. Unless one of them goes on by itself, cancel one`;
    return { ...reason, text: text.slice(0, 2000) };
  }

  #describe(circle: readonly string[]): string {
    const links = circle.map((id, index) => {
      const next = circle[(index + 1) % circle.length] ?? '';
      return `${this.#verb(id, next)} ${next}`;
    });
    return `task ${circle[0] ?? ''} ${links.join(', which ')}`;
  }

  #verb(id: string, next: string): string {
    const task = this.#tasks.get(id);
    const reason = task && this.#reasonOf(task);
    if (task && reason && !currentRun(task.state)) return needs[reason.kind] ?? 'waits for';
    const isSeenHere = [...this.#waits.by(id)].some((wait) => isSeen(wait) && wait.forId === next);
    return isSeenHere ? 'waits for' : 'may wait for';
  }

  #reasonOf(task: Task): WaitingFor | undefined {
    return waitingFor(task, () => this.#admission.waitsFor(task));
  }

  /** The tasks one of which has to go on before this one can; none for one that works, or goes on by itself. */
  #waitsFor(id: string, counts: (wait: Wait) => boolean): Iterable<string> {
    const task = this.#tasks.get(id);
    if (!task || task.state.outcome) return [];
    const reason = this.#reasonOf(task);
    const run = currentRun(task.state);
    if (run) return reason ? [] : awaitedBy(this.#waits.by(id), run.runId, counts);
    if (reason?.kind === 'concurrency') return this.#admission.holdersFor(task);
    return reason && reason.kind in needs && reason.taskId !== undefined ? [reason.taskId] : [];
  }
}

const isSeen = ({ refuse }: Wait): boolean => refuse !== undefined;
const isPossible = (): boolean => true;

function* awaitedBy(waits: Iterable<Wait>, runId: string, counts: (wait: Wait) => boolean): Iterable<string> {
  for (const wait of waits) if (wait.runId === runId && counts(wait)) yield wait.forId;
}
