import {
  AgentRuntimeError,
  type PlaneEvent,
  type Scheduler,
  type SubmittedFrom,
  type Target,
  type TaskView,
} from '@runtime/contracts';
import { currentRun, taskStatus, taskView, type TaskState } from '@runtime/contracts/fold';
import { planeStream, taskStream } from '@runtime/contracts/log';
import { Mutex } from '../waiting/mutex.ts';
import { Waits, type OpenWait } from '../circles/waits.ts';
import type { Families } from '../families/families.ts';
import { worthKeeping } from '../runtimes/breaker.ts';
import type { LeaveRequest, PlaneContext } from '../task/context.ts';
import type { Conversation, Task, TaskHost } from '../task/task.ts';
import { Admission } from './admission.ts';
import { Circles } from './circles.ts';
import { Submissions } from './submissions.ts';
import { continuable, conversationOf, tooLateHint } from './continuation.ts';
import { freeWaiting } from './free-waiting.ts';
import { TaskActor } from './task-actor.ts';
import { noSuchTask, stateOf, type TaskRegistry } from './task-registry.ts';

const snapshotEvery = 20_000;
/** To fold fewer events than these at the next opening takes less time than a snapshot at each close. */
const worthSaving = 2_000;

/** What the log says, folded. */
interface Folded {
  readonly registry: TaskRegistry;
  readonly families: Families;
}

/**
 * The tasks of one data directory, in the process that owns it: finds them by id, starts what the scheduler admits, and
 * keeps the snapshot.
 */
export class Plane implements TaskHost {
  readonly ctx: PlaneContext;
  readonly registry: TaskRegistry;
  readonly submissions = new Submissions(this);
  /** The log cannot be written any more. */
  readonly fail: (error: unknown) => void;
  /** Removals of ended tasks, one after the other. */
  readonly removing = new Mutex();
  /** The first one that was taken. */
  leaveRequest: LeaveRequest | undefined;
  readonly #admission: Admission;
  readonly #circles: Circles;
  readonly #families: Families;
  readonly #tasks = new Map<string, Task>();
  readonly #appending = new Set<{ readonly head: number }>();
  #snapshotAt: number;
  #saving: Promise<void> | undefined;

  constructor(ctx: PlaneContext, { registry, families }: Folded, scheduler: Scheduler, fail: (error: unknown) => void) {
    this.ctx = ctx;
    this.registry = registry;
    this.#families = families;
    this.fail = fail;
    const waits = new Waits();
    this.#admission = new Admission(scheduler, ctx, waits, () => this.#circles.open());
    this.#circles = new Circles(this.#tasks, this.#admission, waits);
    this.#snapshotAt = registry.savedAt;
    families.onAppended(() => this.#saveSometimes());
    for (const state of registry.unfinished.states()) {
      this.#tasks.set(state.id, new TaskActor(ctx, this, state.id, state));
    }
  }

  /** The number of tasks that have not ended. */
  get unfinished(): number {
    return this.#tasks.size;
  }

  /** Takes up every unfinished task where the log stands. */
  resume(): void {
    this.ctx.runtimes.onFreed((key, until) => freeWaiting([...this.#tasks.values()], key, until));
    for (const task of this.#tasks.values()) {
      this.changed(task);
      task.wake();
    }
  }

  /** A task without events: it is known from its `task.submitted` on. */
  newTask(): Task {
    return new TaskActor(this.ctx, this, this.ctx.newId('task'));
  }

  /**
   * An unfinished task. CONFLICT for one that has ended, with a hint for whoever wants to `act` on it or to `talk` to
   * its agent; NOT_FOUND for one that never existed.
   */
  async task(id: string, wish: 'act' | 'talk'): Promise<Task> {
    const task = this.unfinishedTask(id);
    if (task) return task;
    const state = await stateOf(this.ctx.log, id);
    const status = taskStatus(state);
    throw new AgentRuntimeError('CONFLICT', `task ${id} has ended (${status})`, {
      hint: wish === 'talk' ? tooLateHint(state) : `runtime status ${id} shows how it ended`,
      details: { status },
    });
  }

  /** The task while it is unfinished; undefined once it has ended. NOT_FOUND for one that never existed. */
  unfinishedTask(id: string): Task | undefined {
    const task = this.#tasks.get(id);
    if (!task && !this.#hasEnded(id)) throw noSuchTask(id);
    return task;
  }

  /** Whether a task that is not unfinished ever was. */
  #hasEnded(id: string): boolean {
    return !this.registry.removals.has(id) && this.ctx.log.revision(taskStream(id)) > 0;
  }

  /** The tasks with whose conversations unfinished ones go on. */
  continued(): ReadonlySet<string> {
    return new Set([...this.#tasks.values()].flatMap(({ state }) => state.spec.continueOf ?? []));
  }

  /** What is shown of a task. NOT_FOUND for one that never existed. */
  async view(id: string): Promise<TaskView> {
    const task = this.unfinishedTask(id);
    return task ? this.#viewOf(task) : (this.registry.ended.recent(id) ?? taskView(await stateOf(this.ctx.log, id)));
  }

  #viewOf(task: Task): TaskView {
    const waits = this.#circles.reasonOf(task);
    return { ...taskView(task.state), ...(waits ? { waitingFor: waits } : {}) };
  }

  /** The folded state; of an ended task it is folded from the log again. */
  async state(id: string): Promise<TaskState> {
    return this.unfinishedTask(id)?.state ?? stateOf(this.ctx.log, id);
  }

  /** What is shown of the unfinished tasks. */
  unfinishedViews(): TaskView[] {
    return [...this.#tasks.values()].map((task) => this.#viewOf(task));
  }

  reload(taskId: string): Promise<TaskState> {
    return stateOf(this.ctx.log, taskId);
  }

  async conversationOf(taskId: string): Promise<Conversation | undefined> {
    const state = await this.#ended(taskId);
    return state && conversationOf(state);
  }

  /** The state of an ended task, folded from the log; undefined for any other. */
  async #ended(taskId: string): Promise<TaskState | undefined> {
    if (this.#tasks.has(taskId) || !this.#hasEnded(taskId)) return undefined;
    return stateOf(this.ctx.log, taskId);
  }

  isRunning(taskId: string): boolean {
    const task = this.#tasks.get(taskId);
    return task !== undefined && currentRun(task.state) !== undefined;
  }

  isBelow(taskId: string, ancestorId: string): boolean {
    const ancestors = this.#tasks.get(taskId)?.state.ancestors ?? [];
    return ancestors.some((each) => each.taskId === ancestorId);
  }

  isStuckBehind(taskId: string, otherId: string): boolean {
    return this.#circles.isStuckBehind(taskId, otherId);
  }

  /** A run begins to wait for a task; undefined when one of the two is over or was never there. */
  beginWait(forId: string, runId: string): OpenWait | undefined {
    const [from] = this.lineOf(runId);
    return from && this.#tasks.has(forId) ? this.#circles.beginWait({ ...from, forId }) : undefined;
  }

  began(task: Task): void {
    this.#admission.began(task);
  }

  /** A living run with the runs that its task was submitted from, the nearest first; none for any other run. */
  lineOf(runId: string): readonly SubmittedFrom[] {
    for (const { id, state } of this.#tasks.values()) {
      if (currentRun(state)?.runId === runId) return [{ taskId: id, runId }, ...(state.ancestors ?? [])];
    }
    return [];
  }

  /** The target that holds the conversation of an ended task, if it can be continued. */
  async continuedTarget(taskId: string): Promise<Target | undefined> {
    const state = await this.#ended(taskId);
    return state && continuable(state)?.target;
  }

  changed(task: Task): void {
    const { state } = task;
    this.registry.put(state);
    if (state.outcome) this.#tasks.delete(state.id);
    else this.#tasks.set(state.id, task);
    this.#circles.changed(task);
    this.#admission.update(task);
    this.#saveSometimes();
  }

  async track<T>(work: () => Promise<T>): Promise<T> {
    const entry = { head: this.ctx.log.head };
    this.#appending.add(entry);
    try {
      return await work();
    } finally {
      this.#appending.delete(entry);
    }
  }

  #saveSometimes(): void {
    if (this.ctx.log.head - this.#snapshotAt < snapshotEvery || this.#saving) return;
    this.#snapshotAt = this.ctx.log.head;
    this.#saving = this.save().finally(() => {
      this.#saving = undefined;
    });
  }

  /** Writes a snapshot. A snapshot only saves time: after a failure the next opening folds more. */
  async save(): Promise<void> {
    const position = Math.min(this.ctx.log.head, ...[...this.#appending].map(({ head }) => head));
    const breakers = worthKeeping(this.ctx.runtimes.breakers, position);
    await this.registry.save(position, breakers).catch(() => undefined);
    await this.#families.save();
  }

  /** The last snapshot, where there is something to save. */
  async saveAtClose(): Promise<void> {
    if (this.ctx.log.head - this.registry.savedAt >= worthSaving) await this.save();
    await this.#families.saveAtClose(worthSaving);
  }

  async recordOpening(event: PlaneEvent): Promise<void> {
    await this.ctx.log.append(planeStream, [event]);
  }

  /** Waits until every task rests, after `closing` was aborted. The agents go on. */
  async settle(): Promise<void> {
    this.#admission.close();
    for (const task of this.#tasks.values()) task.bell.ring();
    await Promise.all([...this.#tasks.values()].map((task) => task.settled()));
    await this.#saving;
    await this.removing.run(() => Promise.resolve());
  }
}
