import type { SessionEvent } from '@runtime/contracts/adapter';
import type { DecodedBytes } from './utf8-stream.ts';

/** A line of a JSONL source that is no JSON we accept. */
export interface MalformedRecord {
  readonly kind: 'malformed';
  readonly start: number;
  readonly end: number;
  /** Bytes of the line without its end. */
  readonly size: number;
  /** Its first bytes, at most 4 KiB. */
  readonly head: Buffer;
  readonly reason: string;
}

const sampleBytes = 1000;

/**
 * The event for a record that cannot be understood: its beginning, printable, at most 1000 bytes of it. The raw file
 * keeps the rest.
 */
export function quarantine(record: MalformedRecord, source: string, redact?: (bytes: Buffer) => Buffer): SessionEvent {
  // Masked before it is cut: a secret across the cut would leave its beginning.
  const head = (redact ? redact(record.head) : record.head).subarray(0, sampleBytes);
  return {
    type: 'output.quarantined',
    source,
    bytes: record.size,
    sample: printable(head),
    reason: record.reason,
  };
}

/** The event for the first byte of a text source that is no UTF-8; U+FFFD stands for all of them in the text. */
export function quarantinedByte({ offset, byte }: NonNullable<DecodedBytes['invalid']>, source: string): SessionEvent {
  const reason = `not UTF-8, from byte ${offset} on; U+FFFD stands for it here and further on`;
  const record = { kind: 'malformed', start: offset, end: offset + 1, size: 1, head: Buffer.of(byte), reason } as const;
  return quarantine(record, source);
}

/** ASCII stays, every other byte becomes `\xhh`: nothing in it can steer a terminal. */
function printable(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
