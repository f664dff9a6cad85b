import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import type { SourceBatch } from '@runtime/contracts/adapter';

/** Makes a source that begins after a cursor of its own and ends, without a throw, when `signal` aborts. */
export type OpenSource = (after: string | undefined, signal: AbortSignal) => AsyncIterable<SourceBatch>;

/** Options of `mergeSources`. */
export interface MergeOptions extends CallOptions {
  /** A cursor that an earlier merge of the same sources gave. @default from the beginning */
  readonly after?: string;
}

/**
 * Reads several sources as one: stdout and stderr of one run. Each keeps its own order; between them it is as they
 * come.
 * The cursor holds the cursor of each, by name: names hold no `=` and no `;`. Ends when all have ended, without a throw
 * when `signal` aborts; leaving early closes them all. The first failure of a source ends the whole. Throws
 * INVALID_ARGUMENT for a cursor that is none of these sources.
 */
export async function* mergeSources(
  sources: Readonly<Record<string, OpenSource>>,
  options: MergeOptions = {},
): AsyncGenerator<SourceBatch, void, undefined> {
  const cursors = readCursors(options.after, Object.keys(sources));
  const leaving = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, leaving.signal]) : leaving.signal;
  const asked = new AskedSources();
  try {
    for (const [name, open] of Object.entries(sources)) {
      asked.ask(name, open(cursors.get(name), signal)[Symbol.asyncIterator]());
    }
    for (;;) {
      const answer = await asked.next();
      if (!answer) return;
      const { name, iterator, result } = answer;
      if (result.status === 'rejected') throw result.reason;
      if (result.value.done) continue;
      const { cursor, ...batch } = result.value.value;
      cursors.set(name, cursor);
      yield { ...batch, cursor: writeCursors(cursors) };
      // Asked again behind the others, so that a flood on one does not keep the rest waiting.
      asked.ask(name, iterator);
    }
  } finally {
    leaving.abort();
    await asked.close();
  }
}

interface Answer {
  readonly name: string;
  readonly iterator: AsyncIterator<SourceBatch>;
  readonly result: PromiseSettledResult<IteratorResult<SourceBatch>>;
}

/**
 * Iterators that were asked for their next batch. A queue and no `Promise.race`, which keeps every answer of the others
 * while one is silent.
 */
class AskedSources {
  readonly #iterators = new Set<AsyncIterator<SourceBatch>>();
  readonly #waiting = new Map<AsyncIterator<SourceBatch>, Promise<void>>();
  readonly #answers: Answer[] = [];
  #wake: (() => void) | undefined;

  ask(name: string, iterator: AsyncIterator<SourceBatch>): void {
    this.#iterators.add(iterator);
    this.#waiting.set(iterator, this.#ask(name, iterator));
  }

  /** The oldest answer that was not taken yet; undefined when none is left and none will come. */
  async next(): Promise<Answer | undefined> {
    while (this.#answers.length === 0) {
      if (this.#waiting.size === 0) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#answers.shift();
  }

  /**
   * Waits for what was asked, then closes every iterator. The first failure was thrown already; a later one adds
   * nothing.
   */
  async close(): Promise<void> {
    await Promise.allSettled(this.#waiting.values());
    await Promise.allSettled([...this.#iterators].map(async (iterator) => iterator.return?.()));
  }

  async #ask(name: string, iterator: AsyncIterator<SourceBatch>): Promise<void> {
    const [result] = await Promise.allSettled([iterator.next()]);
    this.#waiting.delete(iterator);
    this.#answers.push({ name, iterator, result });
    this.#wake?.();
  }
}

function writeCursors(cursors: ReadonlyMap<string, string>): string {
  return [...cursors].map(([name, cursor]) => `${name}=${cursor}`).join(';');
}

function readCursors(text: string | undefined, names: readonly string[]): Map<string, string> {
  const cursors = new Map<string, string>();
  for (const part of text === undefined || text === '' ? [] : text.split(';')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at);
    if (at < 1 || !names.includes(name)) {
      throw new AgentRuntimeError(
        'INVALID_ARGUMENT',
        `not a cursor of this source: ${JSON.stringify(text?.slice(0, 80))}`,
      );
    }
    cursors.set(name, part.slice(at + 1));
  }
  return cursors;
}
