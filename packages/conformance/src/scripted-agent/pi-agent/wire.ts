/** A record of the protocol: JSON with a `type`. */
export type Json = Record<string, unknown>;

/** Writes one record as a line. Not awaited, as in Pi: records are in the order of the calls. */
export function emit(record: Json): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
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
