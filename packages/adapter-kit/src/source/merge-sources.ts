import { AgentRuntimeError, type CallOptions, type SourceBatch } from '@runtime/contracts';

/** Makes a source that begins after a cursor of its own and ends, without a throw, when `signal` aborts. */
export type OpenSource = (after: string | undefined, signal: AbortSignal) => AsyncIterable<SourceBatch>;

export interface MergeOptions extends CallOptions {
  /** A cursor that an earlier merge of the same sources gave. @default from the beginning */
  readonly after?: string;
}

/**
 * Reads several sources as one: stdout and stderr of one run. Each keeps its own order; between them it is as they come.
 * The cursor holds the cursor of each, by name: names hold no `=` and no `;`. Ends when all have ended, without a throw when `signal` aborts;
 * leaving early closes them all. The first failure of a source ends the whole. Throws INVALID_ARGUMENT for a cursor that is none of these sources.
 */
export async function* mergeSources(
  sources: Readonly<Record<string, OpenSource>>,
  options: MergeOptions = {},
): AsyncGenerator<SourceBatch, void, undefined> {
  const cursors = readCursors(options.after, Object.keys(sources));
  const leaving = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, leaving.signal]) : leaving.signal;
  const iterators = new Map<string, AsyncIterator<SourceBatch>>();
  const waiting = new Map<string, Promise<{ name: string; result: IteratorResult<SourceBatch> }>>();
  const ask = (name: string, iterator: AsyncIterator<SourceBatch>): void => {
    waiting.set(name, next(name, iterator));
  };
  try {
    for (const [name, open] of Object.entries(sources)) {
      const iterator = open(cursors.get(name), signal)[Symbol.asyncIterator]();
      iterators.set(name, iterator);
      ask(name, iterator);
    }
    while (waiting.size > 0) {
      const { name, result } = await Promise.race(waiting.values());
      waiting.delete(name);
      if (result.done) continue;
      cursors.set(name, result.value.cursor);
      yield { cursor: writeCursors(cursors), events: result.value.events };
      const iterator = iterators.get(name);
      // Asked again behind the others, so that a flood on one does not keep the rest waiting.
      if (iterator) ask(name, iterator);
    }
  } finally {
    leaving.abort();
    // The first failure is thrown already; a later one says nothing new.
    await Promise.allSettled(waiting.values());
    await Promise.allSettled([...iterators.values()].map(async (iterator) => iterator.return?.()));
  }
}

async function next(name: string, iterator: AsyncIterator<SourceBatch>) {
  return { name, result: await iterator.next() };
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
