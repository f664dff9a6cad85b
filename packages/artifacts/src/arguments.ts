import { abortable, AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import type { ContentSource, PutOptions, ReadContentOptions } from '@runtime/contracts/artifacts';
import type { Digest } from './format/pack-format.ts';

const digestText = /^[0-9a-f]{64}$/;

/** Throws INVALID_ARGUMENT for text that is no digest, which could name another file. */
export function digestOf(sha256: string): Digest {
  if (!digestText.test(sha256)) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${JSON.stringify(sha256).slice(0, 100)} is no SHA-256 digest`, {
      hint: 'a digest is 64 hex digits in lower case',
    });
  }
  return Buffer.from(sha256, 'hex');
}

export const notFound = (sha256: string): AgentRuntimeError =>
  new AgentRuntimeError('NOT_FOUND', `there is no content ${sha256}`, { details: { sha256 } });

export const corrupt = (sha256: string): AgentRuntimeError =>
  new AgentRuntimeError('DATA_CORRUPT', `the bytes of content ${sha256} have changed since they were stored`, {
    hint: 'store the same bytes again; and check the medium',
    details: { sha256 },
  });

export const closed = (): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', 'the store of artifacts is closed', { hint: 'open it again', retry: 'never' });

export const readOnly = (): AgentRuntimeError =>
  new AgentRuntimeError('UNSUPPORTED', 'this store of artifacts was opened for reading', {
    hint: 'ask the process that owns the data directory',
  });

/** The part of a content of this length that is asked for. */
export function rangeOf(
  { start = 0, end = Infinity }: ReadContentOptions,
  bytes: number,
): { readonly from: number; readonly to: number } {
  const isIndex = (value: number): boolean => value >= 0 && (Number.isSafeInteger(value) || value === Infinity);
  if (!isIndex(start) || !isIndex(end) || start > bytes || end < start) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `bytes ${start} to ${end} are no part of ${bytes} bytes`, {
      hint: 'start and end count bytes from 0, and start is not beyond the end',
      details: { bytes },
    });
  }
  return { from: start, to: Math.min(end, bytes) };
}

/** What a source threw, to be thrown as it was. */
export class SourceFailure extends Error {}

/** The chunks of the source. When it is left the source is left as well, without waiting for one that hangs. */
export async function* chunksOf(
  source: ContentSource,
  { signal, maxBytes = Infinity }: PutOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = iteratorOf(source);
  let bytes = 0;
  let ended = false;
  try {
    while (true) {
      throwIfAborted(signal);
      const next = await abortable(nextOf(iterator), signal).catch((error: unknown) => {
        ended = error instanceof SourceFailure;
        throw error;
      });
      ended = next.done === true;
      if (next.done === true) return;
      const chunk: unknown = next.value;
      if (!(chunk instanceof Uint8Array)) throw notBytes('a chunk of the source');
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } finally {
    if (!ended) leave(iterator);
  }
}

function iteratorOf(source: ContentSource): AsyncIterator<unknown> {
  if (source instanceof Uint8Array) return one(source);
  if (typeof source?.[Symbol.asyncIterator] !== 'function') throw notBytes('the source');
  return source[Symbol.asyncIterator]();
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function nextOf(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
  try {
    return await iterator.next();
  } catch (cause) {
    throw new SourceFailure('the source failed', { cause });
  }
}

function leave(iterator: AsyncIterator<unknown>): void {
  const left = Promise.resolve().then(() => iterator.return?.());
  left.catch(() => undefined);
}

const notBytes = (what: string): AgentRuntimeError =>
  new AgentRuntimeError('INVALID_ARGUMENT', `${what} is not made of bytes`, {
    hint: 'give a Uint8Array, or an async iterable of them, as streams of Node.js without an encoding are',
  });

const tooLarge = (maxBytes: number): AgentRuntimeError =>
  new AgentRuntimeError('EXHAUSTED', `the content has more than ${maxBytes} bytes`, {
    details: { reason: 'maxBytes', maxBytes },
    retry: 'never',
  });
