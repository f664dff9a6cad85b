import type { PiSpoil } from '../pi-script.ts';

/** A record of the protocol: JSON with a `type`. */
export type Json = Record<string, unknown>;

let spoils: readonly PiSpoil[] = [];
const seen = new Map<PiSpoil, number>();

/** Records are spoiled like this from now on. */
export function spoilRecords(given: readonly PiSpoil[]): void {
  spoils = given;
}

/** Writes one record as a line. Not awaited, as in Pi: records are in the order of the calls. */
export function emit(record: Json): void {
  const spoil = spoils.find((each) => concerns(each, record) && isNext(each));
  process.stdout.write(spoil ? spoiled(record, spoil) : `${JSON.stringify(record)}\n`);
}

const concerns = (spoil: PiSpoil, record: Json): boolean =>
  spoil.record === record['type'] && (spoil.command === undefined || spoil.command === record['command']);

function isNext(spoil: PiSpoil): boolean {
  const count = (seen.get(spoil) ?? 0) + 1;
  seen.set(spoil, count);
  return spoil.nth === undefined || spoil.nth === count;
}

function spoiled(
  record: Json,
  { before = '', within = '', behind = '', joined, lost, times = 1, fields }: PiSpoil,
): string {
  const text = JSON.stringify({ ...record, ...fields });
  const middle = Math.floor(text.length / 2);
  const line = `${before}${text.slice(0, middle)}${within}${text.slice(middle)}${behind}${joined === true ? '' : '\n'}`;
  return lost === true ? '' : line.repeat(times);
}

/** Splits a stream at `\n` or `\r\n` only, since JSON may contain U+2028. An unfinished last line counts. */
export function onLines(stream: NodeJS.ReadStream, onLine: (line: string) => void, onEnd: () => void): void {
  let rest = '';
  const line = (text: string): void => onLine(text.endsWith('\r') ? text.slice(0, -1) : text);
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const whole of lines) line(whole);
  });
  stream.on('end', () => {
    if (rest !== '') line(rest);
    onEnd();
  });
}

/** The field of a record, if it is a string. */
export function stringOf(record: Json, key: string): string | undefined {
  const value = record[key];
  return typeof value === 'string' ? value : undefined;
}

/** Whether the value is a JSON object. */
export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
