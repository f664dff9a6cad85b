import {
  AgentRuntimeError,
  type QueuedTask,
  type RunningTask,
  type ScheduleState,
  type Scheduler,
  type WaitingFor,
  maxTaskDepth,
} from '@runtime/contracts';
import { currentRun, isBeingChecked } from '@runtime/contracts/fold';
import { isQueued, nextAttempt } from '../attempt/next-attempt.ts';
import type { Waits } from '../circles/waits.ts';
import type { Task } from '../task/task.ts';
import type { PlaneContext } from '../task/context.ts';
import { lookAgainMs, type Clock } from '../waiting/clock.ts';

/** After a scheduler that threw. */
const askAgainMs = 1_000;

/**
 * Which tasks wait and which run, and when the scheduler is asked who may start: after every change, and at the next
 * start time.
 */
export class Admission {
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #waits: Waits;
  readonly #decided: () => void;
  /** In order of submission. */
  readonly #queued = new Map<string, Task>();
  /** Admitted, with an open run, or while their work is checked. */
  readonly #running = new Map<string, Task>();
  /** Queued, and submitted from a run or waited for by one. */
  readonly #children = new Map<string, Task>();
  /** Queued, with their start time ahead. */
  readonly #delayed = new Map<string, Task>();
  #isScheduled = false;
  /** Unix ms. */
  #decidedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** @param decided called after each decision of the scheduler: what still waits for a place does not get one now */
  constructor(
    scheduler: Scheduler,
    { clock, closing }: Pick<PlaneContext, 'clock' | 'closing'>,
    waits: Waits,
    decided: () => void,
  ) {
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#closing = closing;
    this.#waits = waits;
    this.#decided = decided;
  }

  /** Puts a task where its state belongs. Increments change nothing here, and there are many of them. */
  update(task: Task): void {
    const { state, id } = task;
    const queued = !state.outcome && !task.admitted && isQueued(state);
    const running = !state.outcome && (task.admitted || currentRun(state) !== undefined || isBeingChecked(state));
    const rests = this.#running.has(id) && !running;
    const moved = this.#queued.has(id) !== queued || this.#running.has(id) !== running;
    setMember(this.#queued, task, queued);
    setMember(this.#running, task, running);
    setMember(this.#children, task, queued && this.#waits.isAwaited(id));
    setMember(this.#delayed, task, queued && startTime(task) > this.#clock());
    if (moved || (queued && !this.#delayed.has(id))) this.ask();
    if (rests) this.#rested(task);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** A run of this task has begun: tasks that were submitted from it, and were held, are asked for again. */
  began({ id }: Task): void {
    for (const child of this.#children.values()) {
      if (child.hold?.why.kind === 'workspace' && child.state.ancestors?.some(({ taskId }) => taskId === id))
        child.release();
    }
  }

  /** A task does not run any more: those that it was submitted from, and that wait for it, may go on. */
  #rested({ id, state }: Task): void {
    for (const { taskId } of state.ancestors ?? []) {
      const ancestor = this.#queued.get(taskId);
      if (ancestor?.hold?.why.kind === 'workspace' && ancestor.hold.why.taskId === id) ancestor.release();
    }
  }

  /** The tasks one of which has to give its place to a queued one; none while the scheduler has not decided on it. */
  holdersFor(task: Task): Iterable<string> {
    const isDecided = !this.#isScheduled && startTime(task) <= this.#decidedAt;
    return isDecided ? this.#running.keys() : [];
  }

  /** What the scheduler makes a queued task wait for. */
  waitsFor(task: Task): WaitingFor {
    const now = this.#clock();
    let reason: WaitingFor | undefined;
    try {
      reason = this.#scheduler.waitsFor?.(this.#queuedTask(task), this.#state(), now);
    } catch {
      // The scheduler is the host's code; where it has no reason, this is one.
    }
    return reason ?? { kind: 'scheduler', text: 'The scheduler has not let it start yet' };
  }

  #state(): ScheduleState {
    return {
      queued: this.#queuedTasks(),
      running: [...this.#running.values()].flatMap((task) => this.#runningTask(task)),
      children: this.#childrenOfRunning(),
    };
  }

  *#childrenOfRunning(): Iterable<QueuedTask> {
    for (const task of this.#children.values()) {
      const queued = this.#queuedTask(task);
      if (queued.ancestors?.some((id) => this.#running.has(id))) yield queued;
    }
  }

  *#queuedTasks(): Iterable<QueuedTask> {
    for (const task of this.#queued.values()) yield this.#queuedTask(task);
  }

  #queuedTask(task: Task): QueuedTask {
    const { id, spec, position } = task.state;
    return { taskId: id, spec, position, notBefore: startTime(task), ...this.#lineOf(task) };
  }

  #runningTask(task: Task): RunningTask[] {
    const { id, state } = task;
    const checked = isBeingChecked(state) ? state.runs.at(-1) : undefined;
    const target = (currentRun(state) ?? nextAttempt(state) ?? checked)?.target;
    return target ? [{ taskId: id, runtime: target.runtime, ...this.#lineOf(task) }] : [];
  }

  /** The tasks that may be waiting for this one, directly or through others. */
  #lineOf({ id, state }: Task): { ancestors?: readonly string[] } {
    const line = new Set(state.ancestors?.map(({ taskId }) => taskId));
    for (const { taskId } of this.#waits.for(id)) line.add(taskId);
    for (const each of line) for (const { taskId } of this.#waits.for(each)) line.add(taskId);
    line.delete(id);
    return line.size === 0 ? {} : { ancestors: [...line].slice(0, maxTaskDepth) };
  }

  /** Asks the scheduler once for all changes of this tick. */
  ask(): void {
    if (this.#isScheduled || this.#closing.aborted) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#closing.aborted) this.#admit();
    });
  }

  #admit(): void {
    const now = this.#clock();
    const starts = this.#choose(now);
    for (const id of starts ?? []) {
      const task = this.#queued.get(id);
      if (!task || startTime(task) > now) continue;
      task.admitted = true;
      task.host.changed(task);
      task.wake();
    }
    this.#decidedAt = now;
    this.#wakeAtNextTime(now, starts ? Infinity : now + askAgainMs);
    this.#decided();
  }

  /** The scheduler is the host's code: undefined when it threw, so that it is asked again later. */
  #choose(now: number): readonly string[] | undefined {
    try {
      return this.#scheduler.admit(this.#state(), now);
    } catch (thrown) {
      process.emitWarning(`the scheduler threw: ${AgentRuntimeError.from(thrown).message}`, 'AgentRuntimeWarning');
      return undefined;
    }
  }

  #wakeAtNextTime(now: number, atLatest: number): void {
    clearTimeout(this.#timer);
    let next = atLatest;
    for (const task of this.#delayed.values()) {
      const time = startTime(task);
      if (time > now && time < next) next = time;
    }
    if (next < Infinity) this.#timer = setTimeout(() => this.ask(), Math.min(next - now, lookAgainMs));
  }
}

function setMember(map: Map<string, Task>, task: Task, isMember: boolean): void {
  if (!isMember) map.delete(task.id);
  else if (!map.has(task.id)) map.set(task.id, task);
}

const startTime = (task: Task): number => Math.max(nextAttempt(task.state)?.notBefore ?? 0, task.hold?.until ?? 0);
