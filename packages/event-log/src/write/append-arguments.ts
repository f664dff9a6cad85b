import type { AppendOptions, NewEvent } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';

/** The limits of one append. */
export const maxBatchBytes = 16 * 1024 * 1024;
export const maxBatchEvents = 1024;

const streamPattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;

/** Throws INVALID_ARGUMENT unless the stream's name can stand in a line as it is. */
export function checkStream(stream: string): void {
  if (streamPattern.test(stream)) return;
  throw invalid(
    `not a stream name: ${JSON.stringify(stream.slice(0, 80))}`,
    'printable ASCII without space, quote and backslash, at most 200',
  );
}

/** The events as JSON text, each once. Throws INVALID_ARGUMENT. */
export function encodeEvents(events: readonly NewEvent[], options: AppendOptions): string[] {
  if (!Array.isArray(events) || events.length === 0 || events.length > maxBatchEvents) {
    throw invalid(`an append takes 1 to ${maxBatchEvents} events`, 'split it into several');
  }
  const { expected } = options;
  if (expected !== undefined && (!Number.isSafeInteger(expected) || expected < 0)) {
    throw invalid(`not a revision: ${expected}`, 'pass the revision that revision(stream) or the last append returned');
  }
  const texts = events.map(encodeEvent);
  let bytes = 0;
  // A UTF-16 unit is at most three bytes of UTF-8: what is small by that measure need not be counted.
  for (const text of texts) bytes += text.length * 3;
  if (bytes > maxBatchBytes) assertFits(texts);
  return texts;
}

function assertFits(texts: readonly string[]): void {
  let bytes = 0;
  for (const text of texts) bytes += text.length > maxBatchBytes ? text.length : Buffer.byteLength(text);
  if (bytes > maxBatchBytes)
    throw invalid(`${bytes} bytes in one append; the limit is ${maxBatchBytes}`, 'put large content into an artifact');
}

function encodeEvent(event: NewEvent): string {
  if (
    typeof event !== 'object' ||
    event === null ||
    Array.isArray(event) ||
    typeof event.type !== 'string' ||
    event.type === ''
  ) {
    throw invalid('an event is an object with a type', 'give it a `type`');
  }
  const own = ownFieldOf(event);
  if (own !== undefined) throw invalid(`${event.type}: the field ${own} is the log's own`, 'name it differently');
  if (typeof event['toJSON'] === 'function')
    throw invalid(`${event.type}: toJSON is not called for an event`, 'append plain data');
  const text = stringify(event);
  // What is inherited is not written: nothing would be left of such an event.
  if (text === '{}') throw invalid(`${event.type}: no field of its own`, 'append plain data');
  return text;
}

function stringify(event: NewEvent): string {
  try {
    return JSON.stringify(event);
  } catch (cause) {
    throw invalid(
      `${event.type} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      'append plain data',
      cause,
    );
  }
}

/** Written out because a loop over names costs several times as much, for every event there is. */
function ownFieldOf(event: NewEvent): string | undefined {
  if (event['position'] !== undefined) return 'position';
  if (event['stream'] !== undefined) return 'stream';
  if (event['revision'] !== undefined) return 'revision';
  if (event['time'] !== undefined) return 'time';
  if (event['more'] !== undefined) return 'more';
  if (event['synced'] !== undefined) return 'synced';
  if (event['crc'] !== undefined) return 'crc';
  return undefined;
}

export function conflict(stream: string, expected: number, actual: number): AgentRuntimeError {
  return new AgentRuntimeError('CONFLICT', `${stream} is at revision ${actual}, not ${expected}`, {
    hint: 'read what was appended in between and decide again',
    details: { expected, actual },
  });
}

/** The caller does not wait for its appends. */
export function backlogError(): AgentRuntimeError {
  return new AgentRuntimeError('EXHAUSTED', 'too much is waiting to be written', {
    hint: 'wait for earlier appends',
    details: { reason: 'backlog' },
  });
}

function invalid(message: string, hint: string, cause?: unknown): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', message, { hint, ...(cause === undefined ? {} : { cause }) });
}
