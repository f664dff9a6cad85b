import type { RunningTask, RuntimeReport, Scheduler, Target, TaskView } from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import { taskStream } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import { currentRun, foldTask, taskView } from '@runtime/contracts/fold';
import { planeStream, type NewEvent } from '@runtime/contracts/log';
import { isQueued, nextAttempt } from '../task/next-attempt.ts';
import type { PlaneContext } from '../task/context.ts';
import { specDigest } from './spec-digest.ts';
import { parseSubmission } from '../api/submit.ts';
import { TaskActor } from '../task/task-actor.ts';
import { noSuchTask, stateOf, type TaskRegistry } from './task-registry.ts';

const snapshotEvery = 20_000;
/** After a scheduler that threw. */
const askAgainMs = 1_000;

/** The tasks of one data directory, in the process that owns it: takes requests, lets the scheduler start what may start, and keeps the snapshot. */
export class Plane {
  readonly ctx: PlaneContext;
  readonly #registry: TaskRegistry;
  readonly #scheduler: Scheduler;
  readonly #actors = new Map<string, TaskActor>();
  /** In order of submission. */
  readonly #queued = new Map<string, TaskActor>();
  /** Admitted or with an open run. */
  readonly #running = new Map<string, TaskActor>();
  /** Queued, with their time ahead. */
  readonly #delayed = new Map<string, TaskActor>();
  readonly #inFlight = new Set<{ readonly head: number }>();
  #scheduling = false;
  #timer: NodeJS.Timeout | undefined;
  #snapshotAt: number;
  #saving: Promise<void> | undefined;
  /** Submissions by key that are on their way to the log. */
  readonly #submitting = new Map<string, Promise<string>>();

  constructor(ctx: PlaneContext, registry: TaskRegistry, scheduler: Scheduler) {
    this.ctx = ctx;
    this.#registry = registry;
    this.#scheduler = scheduler;
    this.#snapshotAt = ctx.log.head;
    for (const state of registry.unfinished.values()) this.#actors.set(state.id, new TaskActor(ctx, state));
  }

  get unfinished(): number {
    return this.#actors.size;
  }

  /** Takes up every unfinished task where the log says it stands. */
  resume(): void {
    for (const actor of this.#actors.values()) {
      this.changed(actor);
      actor.wake();
    }
  }

  async submit(input: unknown): Promise<string> {
    const { spec, key } = await parseSubmission(input, this.ctx.adapters, (id) => this.#continuedTarget(id));
    if (key === undefined) return this.#append(spec, undefined);
    // One after the other: when one fails, the next takes its place, and those behind wait for that one.
    for (let pending = this.#submitting.get(key); pending; pending = this.#submitting.get(key))
      await pending.catch(() => undefined);
    const known = this.#registry.keys.get(key);
    if (known !== undefined) return this.#sameTask(known, key, specDigest(spec));
    const submitting = this.#append(spec, key).finally(() => this.#submitting.delete(key));
    this.#submitting.set(key, submitting);
    return submitting;
  }

  #sameTask(id: string, key: string, digest: string): string {
    const live = this.#actors.get(id)?.state;
    const known = live ? specDigest(live.spec) : this.#registry.ended.get(id)?.digest;
    if (known === digest) return id;
    throw new AgentRuntimeError('CONFLICT', `the key ${JSON.stringify(key)} was used for another request, task ${id}`, {
      hint: 'use a new key, or submit exactly the same request',
      details: { taskId: id },
    });
  }

  async #append(spec: TaskState['spec'], key: string | undefined): Promise<string> {
    const id = this.ctx.newId('task');
    const submitted: NewEvent = {
      type: 'task.submitted',
      spec,
      ...(key === undefined ? {} : { key }),
      instructionId: this.ctx.newId('ins'),
    };
    const stream = taskStream(id);
    await this.ctx.failpoint('append.before:task.submitted');
    const actor = await this.track(async () => {
      const { last, revision, time } = await this.ctx.log
        .append(stream, [submitted], { expected: 0 })
        .catch((error: unknown) => this.#letGoUnlessFull(error));
      const state = foldTask(undefined, { ...submitted, stream, position: last, revision, time });
      if (!state) throw new AgentRuntimeError('INTERNAL', 'a submitted task has no state');
      this.#registry.put(state);
      // At once: whoever reads the log may speak to it from now on.
      const made = new TaskActor(this.ctx, state);
      this.#actors.set(id, made);
      return made;
    });
    await this.ctx.failpoint('append.after:task.submitted');
    this.changed(actor);
    actor.wake();
    return id;
  }

  /** Poisoned, or not known to be written: the next owner reads the files. */
  #letGoUnlessFull(error: unknown): never {
    const { code } = AgentRuntimeError.from(error);
    if (code !== 'EXHAUSTED' && code !== 'INVALID_ARGUMENT' && !this.ctx.closing.aborted) this.ctx.fail(error);
    throw error;
  }

  #continuedTarget(taskId: string): Target | undefined {
    const ended = this.#registry.ended.get(taskId);
    const run = ended?.view.runs.findLast((each) => each.runId === ended.session?.runId);
    return run && ended
      ? (ended.view.targets.find(({ runtime }) => runtime === run.runtime) ?? { runtime: run.runtime })
      : undefined;
  }

  continued(taskId: string | undefined): { runId: string; agentSessionId: string } | undefined {
    return taskId === undefined ? undefined : this.#registry.ended.get(taskId)?.session;
  }

  /** The actor of an unfinished task. CONFLICT for one that ended, NOT_FOUND for one that never was. */
  actor(id: string): TaskActor {
    const actor = this.#actors.get(id);
    if (actor && !actor.state.outcome) return actor;
    const ended = actor ? taskView(actor.state) : this.#registry.ended.get(id)?.view;
    if (!ended) throw noSuchTask(id);
    throw new AgentRuntimeError('CONFLICT', `task ${id} has ended (${ended.status})`, {
      hint: 'nothing happens in it any more; to go on with its conversation: submit({ continueOf }), runtime run --continue',
      details: { status: ended.status },
    });
  }

  /** Its actor if the task is unfinished, undefined if it ended. NOT_FOUND for one that never was. */
  liveActor(id: string): TaskActor | undefined {
    const actor = this.#actors.get(id);
    if (!actor && !this.#registry.ended.has(id)) throw noSuchTask(id);
    return actor;
  }

  /** As it is shown. NOT_FOUND for a task that never was. */
  view(id: string): TaskView {
    const actor = this.liveActor(id);
    const view = actor ? taskView(actor.state) : this.#registry.ended.get(id)?.view;
    if (!view) throw noSuchTask(id);
    return view;
  }

  async state(id: string): Promise<TaskState> {
    return this.liveActor(id)?.state ?? stateOf(this.ctx.log, id);
  }

  views(): TaskView[] {
    const live = [...this.#actors.values()].map(({ state }) => taskView(state));
    return [...live, ...[...this.#registry.ended.values()].map(({ view }) => view)];
  }

  reports(refresh: boolean): Promise<RuntimeReport[]> {
    return this.ctx.runtimes.reports(refresh);
  }

  /** Told by every actor after every change. Increments change nothing here, and there are many of them. */
  changed(actor: TaskActor): void {
    const { state } = actor;
    this.#registry.put(state);
    const queued = !state.outcome && !actor.admitted && isQueued(state);
    const running = !state.outcome && (actor.admitted || currentRun(state) !== undefined);
    const moved = this.#queued.has(actor.id) !== queued || this.#running.has(actor.id) !== running;
    if (state.outcome) this.#actors.delete(state.id);
    setMember(this.#queued, actor, queued);
    setMember(this.#running, actor, running);
    setMember(this.#delayed, actor, queued && startTime(actor) > this.ctx.clock());
    if (moved || (queued && !this.#delayed.has(actor.id))) this.#schedule();
    this.#saveSometimes();
  }

  /** Runs an append together with what follows it in memory: a snapshot claims no position that is still on its way into the registry. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    const entry = { head: this.ctx.log.head };
    this.#inFlight.add(entry);
    try {
      return await work();
    } finally {
      this.#inFlight.delete(entry);
    }
  }

  /** Asks the scheduler, once for all changes of this moment. */
  #schedule(): void {
    if (this.#scheduling || this.ctx.closing.aborted) return;
    this.#scheduling = true;
    setImmediate(() => {
      this.#scheduling = false;
      if (!this.ctx.closing.aborted) this.#admit();
    });
  }

  #admit(): void {
    const now = this.ctx.clock();
    const running = [...this.#running.values()].flatMap((actor) => {
      const target = currentRun(actor.state)?.target ?? nextAttempt(actor.state)?.target;
      return target ? [{ taskId: actor.id, runtime: target.runtime }] : [];
    });
    const starts = this.#choose(running, now);
    for (const id of starts ?? []) {
      const actor = this.#queued.get(id);
      if (!actor || startTime(actor) > now) continue;
      actor.admitted = true;
      this.changed(actor);
      actor.wake();
    }
    this.#wakeAtNextTime(now, starts ? Infinity : now + askAgainMs);
  }

  /** A scheduler is the host's code: undefined when it threw, so that it is asked again later. */
  #choose(running: readonly RunningTask[], now: number): readonly string[] | undefined {
    try {
      return this.#scheduler.admit({ queued: queuedTasks(this.#queued.values()), running }, now);
    } catch (thrown) {
      process.emitWarning(`the scheduler threw: ${AgentRuntimeError.from(thrown).message}`, 'AgentRuntimeWarning');
      return undefined;
    }
  }

  #wakeAtNextTime(now: number, atLatest: number): void {
    clearTimeout(this.#timer);
    let next = atLatest;
    for (const actor of this.#delayed.values()) {
      const time = startTime(actor);
      if (time > now && time < next) next = time;
    }
    if (next < Infinity) this.#timer = setTimeout(() => this.#schedule(), Math.min(next - now, 2_000_000_000));
  }

  #saveSometimes(): void {
    if (this.ctx.log.head - this.#snapshotAt < snapshotEvery || this.#saving) return;
    this.#snapshotAt = this.ctx.log.head;
    this.#saving = this.save().finally(() => {
      this.#saving = undefined;
    });
  }

  /** A snapshot only saves time, so failing to write one is no failure: the next opening folds more. */
  async save(): Promise<void> {
    const position = Math.min(this.ctx.log.head, ...[...this.#inFlight].map(({ head }) => head));
    await this.#registry.save(this.ctx.log, position, this.ctx.runtimes.breakers).catch(() => undefined);
  }

  async recordOpening(event: NewEvent): Promise<void> {
    await this.ctx.log.append(planeStream, [event]);
  }

  /** Lets go of every run and writes the last snapshot. The agents go on. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    for (const actor of this.#actors.values()) actor.bell.ring();
    await Promise.all([...this.#actors.values()].map((actor) => actor.settled()));
    await this.#saving;
  }
}

function setMember(map: Map<string, TaskActor>, actor: TaskActor, member: boolean): void {
  if (!member) map.delete(actor.id);
  else if (!map.has(actor.id)) map.set(actor.id, actor);
}

const startTime = (actor: TaskActor): number => Math.max(nextAttempt(actor.state)?.notBefore ?? 0, actor.heldUntil);

function* queuedTasks(actors: Iterable<TaskActor>) {
  for (const actor of actors) {
    const { id, spec, position } = actor.state;
    yield { taskId: id, spec, position, notBefore: startTime(actor) };
  }
}
