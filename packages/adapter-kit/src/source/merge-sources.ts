import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import type { SourceBatch } from '@runtime/contracts/adapter';

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
  const waiting = new Map<string, Promise<void>>();
  // A queue and no `Promise.race`, which keeps every answer of the others for as long as one source is silent.
  const answers: { readonly name: string; readonly result: PromiseSettledResult<IteratorResult<SourceBatch>> }[] = [];
  let wake: (() => void) | undefined;
  const ask = async (name: string, iterator: AsyncIterator<SourceBatch>): Promise<void> => {
    const [result] = await Promise.allSettled([iterator.next()]);
    waiting.delete(name);
    answers.push({ name, result });
    wake?.();
  };
  try {
    for (const [name, open] of Object.entries(sources)) {
      const iterator = open(cursors.get(name), signal)[Symbol.asyncIterator]();
      iterators.set(name, iterator);
      waiting.set(name, ask(name, iterator));
    }
    while (waiting.size > 0 || answers.length > 0) {
      const answer = answers.shift();
      if (!answer) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const { name, result } = answer;
      if (result.status === 'rejected') throw result.reason;
      if (result.value.done) continue;
      const { cursor, events } = result.value.value;
      cursors.set(name, cursor);
      yield { cursor: writeCursors(cursors), events };
      const iterator = iterators.get(name);
      // Asked again behind the others, so that a flood on one does not keep the rest waiting.
      if (iterator) waiting.set(name, ask(name, iterator));
    }
  } finally {
    leaving.abort();
    // The first failure is thrown already; a later one says nothing new.
    await Promise.allSettled(waiting.values());
    await Promise.allSettled([...iterators.values()].map(async (iterator) => iterator.return?.()));
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
