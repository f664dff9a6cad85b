import type { SessionEvent } from '@runtime/contracts/adapter';

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

/** The event for a record that cannot be understood: its beginning, printable, at most 1000 bytes of it. The raw file keeps the rest. */
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

/** ASCII stays, every other byte becomes `\xhh`: nothing in it can steer a terminal. */
function printable(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
