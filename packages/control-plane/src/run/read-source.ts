import { AgentRuntimeError, type PlaneEvent } from '@runtime/contracts';
import type { RuntimeSession, SourceBatch } from '@runtime/contracts/adapter';
import { currentRun } from '@runtime/contracts/fold';
import { planeStream } from '@runtime/contracts/log';
import type { Task } from '../task/task.ts';
import { acceptEvents } from './accept-events.ts';
import { pump } from './pump.ts';

/** A session's source while it is read into the log. */
export interface ReadingSource {
  /** Resolves when the source ended or broke off; never rejects. */
  readonly done: Promise<void>;
  readonly isEnded: boolean;
  /** Why the source broke off. */
  readonly error: AgentRuntimeError | undefined;
  /** Stops the reading; what was read is still appended. */
  abort(): void;
}

/** Reads the session from where the log stands: every batch is accepted into the task's stream, in order. */
export function readSource(task: Task, session: RuntimeSession): ReadingSource {
  const { ctx } = task;
  const run = currentRun(task.state);
  const runId = run?.runId ?? '';
  const after = run?.sourceCursor;
  const aborting = new AbortController();
  const { signal } = aborting;
  let isEnded = false;
  let error: AgentRuntimeError | undefined;
  // Async, so that a source which throws when it is asked for is one that breaks off.
  const read = async (): Promise<void> =>
    pump(session.events({ signal, ...(after === undefined ? {} : { after }) }), {
      append: (batch) => appendBatch(task, runId, batch),
      windowMs: ctx.tuning.deltaWindowMs,
      clock: ctx.clock,
    });
  const done = read()
    .catch((thrown: unknown) => {
      if (!ctx.closing.aborted) error = AgentRuntimeError.from(thrown);
    })
    .then(() => {
      isEnded = true;
      task.bell.ring();
    });
  return {
    done,
    get isEnded() {
      return isEnded;
    },
    get error() {
      return error;
    },
    abort: () => aborting.abort(),
  };
}

async function appendBatch(task: Task, runId: string, batch: SourceBatch): Promise<void> {
  let isFenced = false;
  await task.recordDraft((draft) => {
    const run = currentRun(draft.state);
    isFenced = run?.runId !== runId;
    if (run && !isFenced) acceptEvents(draft, run, batch);
  });
  if (isFenced) await recordFenced(task, runId, batch);
}

/** A batch that arrives after its run's end is kept in the plane's stream, and changes nothing. */
async function recordFenced({ ctx, id }: Task, runId: string, batch: SourceBatch): Promise<void> {
  const types = batch.events.map(({ type }) => type).join(' ');
  const fenced: PlaneEvent = {
    type: 'run.fenced',
    taskId: id,
    runId,
    what: types.slice(0, 100),
    reason: 'The run had ended',
  };
  await ctx.log.append(planeStream, [fenced]);
}
