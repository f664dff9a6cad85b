import { maxAppendBytes, maxAppendEvents, type AppendOptions, type NewEvent } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import { isTooDeep, maxDepth } from '../format/depth.ts';

const streamPattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;

/** Throws INVALID_ARGUMENT for a stream name that would need escapes in a line. */
export function checkStream(stream: string): void {
  if (streamPattern.test(stream)) return;
  throw invalid(
    `${JSON.stringify(stream.slice(0, 80))} is not a stream name`,
    'use 1 to 200 characters of printable ASCII without space, quote and backslash',
  );
}

/** Throws INVALID_ARGUMENT for a time that JSON does not have: no reader could parse its line, and none after it. */
export function checkTime(time: number): number {
  if (Number.isFinite(time)) return time;
  throw invalid(`${time} is not a time`, 'give Unix milliseconds, and open the log with a clock that does');
}

/** Encodes each event as JSON text. Throws INVALID_ARGUMENT for events or options that no append can take. */
export function encodeEvents(events: readonly NewEvent[], options: AppendOptions): string[] {
  if (!Array.isArray(events) || events.length === 0 || events.length > maxAppendEvents) {
    throw invalid(`an append takes 1 to ${maxAppendEvents} events`, 'split it into several appends');
  }
  const { expected } = options;
  if (expected !== undefined && (!Number.isSafeInteger(expected) || expected < 0)) {
    throw invalid(`${expected} is not a revision`, 'pass what revision(stream) or the last append returned');
  }
  const texts = events.map(encodeEvent);
  let bytes = 0;
  // A UTF-16 unit is at most three bytes of UTF-8: texts that are small by that measure need no exact count.
  for (const text of texts) bytes += text.length * 3;
  if (bytes > maxAppendBytes) assertFits(texts);
  return texts;
}

function assertFits(texts: readonly string[]): void {
  let bytes = 0;
  for (const text of texts) bytes += text.length > maxAppendBytes ? text.length : Buffer.byteLength(text);
  if (bytes > maxAppendBytes)
    throw invalid(
      `an append of ${bytes} bytes is above the limit of ${maxAppendBytes}`,
      'put large content into an artifact',
    );
}

function encodeEvent(event: NewEvent): string {
  if (
    typeof event !== 'object' ||
    event === null ||
    Array.isArray(event) ||
    typeof event.type !== 'string' ||
    event.type === ''
  ) {
    throw invalid('an event must be an object with a type', 'give it a `type`');
  }
  const own = ownFieldOf(event);
  if (own !== undefined)
    throw invalid(`${event.type}: the field ${own} belongs to the log`, 'give the field another name');
  if (typeof event['toJSON'] === 'function')
    throw invalid(`${event.type}: an event must not have toJSON, which is never called`, 'append plain data');
  const text = stringify(event);
  // JSON leaves out inherited fields: nothing would be left of such an event.
  if (text === '{}') throw invalid(`${event.type}: the event has no field of its own`, 'append plain data');
  if (isTooDeep(text))
    throw invalid(`${event.type}: the event nests deeper than ${maxDepth} levels`, 'put deep content into a text');
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

/** Written out, because a loop over names costs several times as much for every single event. */
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

/** For a caller that does not wait for its appends. */
export function backlogError(): AgentRuntimeError {
  return new AgentRuntimeError('EXHAUSTED', 'too many appends are waiting to be written', {
    hint: 'await earlier appends before the next',
    details: { reason: 'backlog' },
  });
}

function invalid(message: string, hint: string, cause?: unknown): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', message, { hint, ...(cause === undefined ? {} : { cause }) });
}
