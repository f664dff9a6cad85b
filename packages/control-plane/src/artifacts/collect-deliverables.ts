import type { Imported, ImportOptions } from '@runtime/artifacts';
import { AgentRuntimeError, type RunOutcome } from '@runtime/contracts';
import type { Task } from '../task/task.ts';
import { whenThereIsRoom } from '../waiting/disk-room.ts';
import { Collected } from './collected.ts';

/** Of one task, so that all of them are in one batch with its end: there wholly or not at all, whoever dies. */
const maxFiles = 1000;
const maxMessageChars = 2000;

/** What was delivered, and how the task ends with that. */
interface Delivery {
  readonly collected: Collected;
  readonly outcome: RunOutcome;
}

/**
 * Stores the files that a task was to deliver, whatever became of its work: of a failure, what is there is kept as well.
 * Success without what is required is none. Undefined when the task is cancelled meanwhile.
 */
export async function collectDeliverables(task: Task, outcome: RunOutcome): Promise<Delivery | undefined> {
  const { spec, runs } = task.state;
  const { deliverables = [] } = spec;
  const run = runs.at(-1);
  const from = { origin: 'deliverable', runId: run?.runId } as const;
  if (deliverables.length === 0 || !run || outcome.status === 'cancelled') {
    return { collected: new Collected(from), outcome };
  }
  using wanted = new WhileWanted(task);
  const patterns = [...new Set(deliverables.map(({ glob }) => glob))];
  const looking = { dir: spec.workspace, patterns, maxFiles, signal: wanted.signal };
  task.isCollecting = true;
  const found = await whenThereIsRoom(() => lookForFiles(task, looking), wanted.signal)
    .catch((error: unknown) => {
      if (task.ctx.closing.aborted || !task.state.cancel) throw error;
      return undefined;
    })
    .finally(() => {
      task.isCollecting = false;
    });
  if (!found) return undefined;
  await task.ctx.failpoint('deliverables.stored');
  const { files, refused, unmatched, problem } = found;
  const collected = new Collected(from, {
    kept: files.map(({ name, mediaType, content }) => ({ name, mediaType, content })),
    refused,
  });
  const missing = deliverables.filter(({ glob, required }) => required && unmatched.includes(glob));
  if (missing.length === 0 || outcome.status !== 'succeeded') return { collected, outcome };
  const what = `nothing was delivered for ${missing.map(({ glob }) => JSON.stringify(glob)).join(', ')}`;
  const why = problem ?? refused.map(({ name, message }) => `${JSON.stringify(name)}: ${message}`).join('; ');
  const message = (why === '' ? what : `${what} (${why})`).slice(0, maxMessageChars);
  return { collected, outcome: { status: 'failed', code: 'deliverable_missing', message } };
}

/**
 * Where there is nothing to look through, nothing is found, and `problem` says why. Throws where it could not be looked:
 * that proves nothing.
 */
async function lookForFiles(task: Task, looking: ImportOptions): Promise<Imported & { readonly problem?: string }> {
  const { importFiles } = await import('@runtime/artifacts');
  const store = await task.ctx.artifacts();
  try {
    return await importFiles(store, looking);
  } catch (error) {
    const { code, retry, rawMessage } = AgentRuntimeError.from(error);
    const isFinal = code === 'NOT_FOUND' || (code === 'EXHAUSTED' && retry === 'never');
    if (!isFinal || looking.signal?.aborted) throw error;
    return { files: [], refused: [], unmatched: looking.patterns, problem: rawMessage };
  }
}

/** Its signal is aborted when the plane closes, and when somebody cancels the task: nobody waits for files then. */
class WhileWanted implements Disposable {
  readonly #over = new AbortController();
  readonly signal: AbortSignal;

  constructor(task: Task) {
    this.signal = AbortSignal.any([this.#over.signal, task.ctx.closing]);
    void this.#watch(task);
  }

  async #watch(task: Task): Promise<void> {
    while (!this.signal.aborted) {
      const seen = task.bell.rings;
      if (task.state.cancel) this.#over.abort();
      await task.bell.wait(seen, { signal: this.signal });
    }
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}
