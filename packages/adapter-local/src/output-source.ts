import { Utf8Stream, type DecodedBytes, createRedactor, quarantine, tailFile } from '@runtime/adapter-kit/source';
import { AgentRuntimeError } from '@runtime/contracts';
import type { SessionEvent, SourceBatch } from '@runtime/contracts/adapter';

/** One of the two files that a run writes. */
export interface OutputSourceOptions {
  readonly path: string;
  readonly source: 'stdout' | 'stderr';
  /** `<bytes>`, or `<bytes>+` behind the end. */
  readonly after: string | undefined;
  readonly ended: () => boolean | Promise<boolean>;
  readonly secrets: readonly string[];
  /** Comes with the first byte. */
  readonly atFirst?: SessionEvent;
  readonly signal: AbortSignal;
}

/** One chunk's text stays below what an event may hold, whatever a redactor adds to it. */
const chunkBytes = 64 * 1024;

/**
 * The file as `output.delta`, from its beginning and silently up to `after`, then as it grows, until `ended`.
 * Where it is cut varies from reading to reading; the joined text behind a cursor does not.
 * The first byte that is no UTF-8 is told by one `output.quarantined`.
 */
export async function* outputSource(options: OutputSourceOptions): AsyncGenerator<SourceBatch, void, undefined> {
  const { path, source, ended, signal, atFirst } = options;
  const after = readCursor(options.after);
  const redactor = createRedactor(options.secrets);
  const utf8 = new Utf8Stream();
  const told = ({ text, invalid }: DecodedBytes): SessionEvent[] => [
    ...(invalid ? [quarantinedByte(invalid, source)] : []),
    ...(text === '' ? [] : [{ type: 'output.delta', source, text } as const]),
  ];
  let end = 0;
  for await (const { bytes, start } of tailFile(path, { ended, chunkBytes, boundary: after.offset, signal })) {
    end = start + bytes.length;
    const events = redactor.apply([...(start === 0 && atFirst ? [atFirst] : []), ...told(utf8.push(bytes))]);
    if (events.length > 0 && start >= after.offset) yield { cursor: String(end), events };
  }
  if (signal.aborted || after.finished) return;
  const events = [...redactor.apply(told(utf8.flush())), ...redactor.finish()];
  if (events.length > 0) yield { cursor: `${end}+`, events };
}

function quarantinedByte({ offset, byte }: NonNullable<DecodedBytes['invalid']>, source: string): SessionEvent {
  const reason = `not UTF-8, from byte ${offset} on; U+FFFD stands for it here and further on`;
  return quarantine(
    { kind: 'malformed', start: offset, end: offset + 1, size: 1, head: Buffer.of(byte), reason },
    source,
  );
}

function readCursor(cursor: string | undefined): { readonly offset: number; readonly finished: boolean } {
  if (cursor === undefined) return { offset: 0, finished: false };
  const [, digits, plus] = /^(\d{1,15})(\+?)$/.exec(cursor) ?? [];
  if (digits === undefined) throw new AgentRuntimeError('INVALID_ARGUMENT', `not a cursor: ${cursor.slice(0, 80)}`);
  return { offset: Number(digits), finished: plus === '+' };
}
