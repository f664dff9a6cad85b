import { AgentRuntimeError, type PlaneEvent, type TaskEvent, type TaskEventOf } from '@runtime/contracts';
import type { RuntimeSession, SourceBatch } from '@runtime/contracts/adapter';
import { currentRun } from '@runtime/contracts/fold';
import { planeStream } from '@runtime/contracts/log';
import { isSaid } from '../artifacts/collect-message.ts';
import type { Task } from '../task/task.ts';
import { atMost } from '../waiting/clock.ts';
import { acceptEvents } from './accept-events.ts';
import { partsOf, type BatchPart } from './parts-of-batch.ts';
import { pump } from './pump.ts';
import { WithoutText } from './without-text.ts';

/** How long a source may give nothing until the plane does not wait for it any more: for its end, and where it stands. */
const quietMs = { drain: 10_000, catchUp: 5_000 } as const;

type Message = TaskEventOf<'message.completed'>;

/** One iteration over a session's events. */
interface Reading {
  /** Resolves when it ended or broke off; never rejects. */
  readonly done: Promise<void>;
  abort(): void;
}

/** Reads a session's source into the log, from where the log stands: every batch is accepted in order. */
export class SourceReader {
  readonly #task: Task;
  readonly #session: RuntimeSession;
  readonly #runId: string;
  readonly #withoutText: WithoutText | undefined;
  #following: Reading | undefined;
  #left: Reading | undefined;
  #isEnded = false;
  #isCut = false;
  #error: AgentRuntimeError | undefined;
  #lastBatchAt = performance.now();
  #lastMessage: Message | undefined;

  /** `isMasked` is false where nobody knows what to mask: then the text is left out. */
  constructor(task: Task, session: RuntimeSession, isMasked: boolean) {
    this.#task = task;
    this.#withoutText = isMasked ? undefined : new WithoutText();
    this.#session = session;
    this.#runId = currentRun(task.state)?.runId ?? '';
  }

  /** The source ended by itself, or broke off. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The task was cancelled, and the source was left before its end. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The last message that was read here and says something. */
  get lastMessage(): Message | undefined {
    return this.#lastMessage;
  }

  /** Why the source broke off. */
  get error(): AgentRuntimeError | undefined {
    return this.#error;
  }

  /** Reads on as the source grows. */
  follow(): void {
    const reading = this.#read(true);
    this.#following = reading;
    void reading.done.then(() => {
      if (this.#following !== reading) return;
      this.#isEnded = true;
      this.#task.bell.ring();
    });
  }

  /**
   * Resolves once everything that the source held at the call is in the log: what happened counts before any clock
   * does. A source that cannot be read so is left when it gives nothing for a while, when it takes too long, and when
   * the task is cancelled: that reading goes on where it was left.
   */
  async catchUp(): Promise<void> {
    if (this.#isEnded || this.#left) return;
    const following = this.#following;
    this.#following = undefined;
    if (following && !(await this.#leave(following))) return this.#followAfter(following);
    if (!this.#error) {
      const began = performance.now();
      const { ctx } = this.#task;
      // A source that grows as fast as it is read may not know where it stood.
      const isEnough = (): boolean =>
        this.#task.state.cancel !== undefined || performance.now() - began >= ctx.tuning.overdueMs;
      const now = this.#read(false);
      if (!(await this.#untilQuiet(now, quietMs.catchUp, isEnough))) return this.#followAfter(now);
    }
    this.#goOn();
  }

  /**
   * Waits for the source's end, as long as it gives anything; aborts it afterwards. A cancel does not wait for a
   * backlog: with it the source is read for as long as the agent may take to end, `stopGraceMs`.
   */
  async drain(): Promise<void> {
    const began = performance.now();
    const { ctx } = this.#task;
    const isEnough = (): boolean => {
      const isOver = this.#task.state.cancel !== undefined && performance.now() - began >= ctx.tuning.stopGraceMs;
      this.#isCut ||= isOver;
      return isOver;
    };
    const left = this.#left;
    this.#left = undefined;
    if (left) {
      if (!(await this.#untilQuiet(left, quietMs.drain, isEnough))) return;
      // It was left before the end of the source.
      this.#goOn();
    }
    if (this.#following) await this.#untilQuiet(this.#following, quietMs.drain, isEnough);
  }

  /** Stops the reading; what was read is still appended. */
  async abort(): Promise<void> {
    const reading = this.#left ?? this.#following;
    this.#left = undefined;
    if (reading) await this.#leave(reading);
  }

  /** A reading that was aborted and goes on regardless: there is no other one until it ends, and that end is ours. */
  #followAfter(left: Reading): void {
    this.#left = left;
    void left.done.then(() => {
      if (this.#left !== left) return;
      this.#left = undefined;
      this.#goOn();
    });
  }

  #goOn(): void {
    if (this.#error) {
      this.#isEnded = true;
      this.#task.bell.ring();
    } else if (!this.#task.ctx.closing.aborted) this.follow();
  }

  /** False when it goes on regardless. */
  async #untilQuiet(reading: Reading, ms: number, isEnough = () => false): Promise<boolean> {
    const { bell, ctx } = this.#task;
    this.#lastBatchAt = performance.now();
    let isDone = false;
    const over = new AbortController();
    void reading.done.then(() => {
      isDone = true;
      over.abort();
    });
    const signal = AbortSignal.any([over.signal, ctx.closing]);
    for (;;) {
      // Every batch that is appended rings, and so does a cancel.
      const seen = bell.rings;
      const timeoutMs = ms - (performance.now() - this.#lastBatchAt);
      if (timeoutMs <= 0 || signal.aborted || isEnough()) break;
      await bell.wait(seen, { timeoutMs, signal });
    }
    return isDone || this.#leave(reading);
  }

  /** False when it goes on regardless. */
  async #leave(reading: Reading): Promise<boolean> {
    let isDone = false;
    reading.abort();
    await atMost(
      this.#task.ctx.tuning.stopGraceMs,
      reading.done.then(() => (isDone = true)),
    );
    return isDone;
  }

  #read(follow: boolean): Reading {
    const { ctx, state } = this.#task;
    const after = currentRun(state)?.sourceCursor;
    const aborting = new AbortController();
    const options = { signal: aborting.signal, follow, ...(after === undefined ? {} : { after }) };
    // Async, so that a source which throws when it is asked for is one that breaks off.
    const read = async (): Promise<void> => {
      const source = this.#session.events(options);
      await pump(this.#withoutText?.read(source) ?? source, {
        append: (batch) => this.#append(batch),
        windowMs: ctx.tuning.deltaWindowMs,
        clock: ctx.clock,
      });
    };
    const done = read().catch((thrown: unknown) => {
      if (!ctx.closing.aborted) this.#error ??= AgentRuntimeError.from(thrown);
    });
    return { done, abort: () => aborting.abort() };
  }

  async #append(batch: SourceBatch): Promise<void> {
    this.#lastBatchAt = performance.now();
    for (const part of partsOf(batch)) {
      const appended = await appendPart(this.#task, this.#runId, part);
      for (const event of appended) if (event.type === 'message.completed' && isSaid(event)) this.#lastMessage = event;
    }
  }
}

/** Returns what was appended. */
async function appendPart(task: Task, runId: string, part: BatchPart): Promise<readonly TaskEvent[]> {
  if (part.events.some(({ type }) => type === 'turn.ended')) await task.confirmOwner();
  let isFenced = false;
  let events: readonly TaskEvent[] = [];
  await task.recordDraft((draft) => {
    const run = currentRun(draft.state);
    isFenced = run?.runId !== runId;
    if (run && !isFenced) acceptEvents(draft, run, part);
    events = draft.events;
  });
  if (isFenced) await recordFenced(task, runId, part);
  return events;
}

/** A batch that arrives after its run's end is kept in the plane's stream, and changes nothing. */
async function recordFenced({ ctx, id }: Task, runId: string, part: BatchPart): Promise<void> {
  const types = part.events.map(({ type }) => type).join(' ');
  const fenced: PlaneEvent = {
    type: 'run.fenced',
    taskId: id,
    runId,
    what: types.slice(0, 100),
    reason: 'The run had ended',
  };
  await ctx.log.append(planeStream, [fenced]);
}
