import type { Line } from '../format/line.ts';

const slots = 4096;

/** The names of streams as strings, each made once: most lines belong to a stream that was seen a moment ago. */
export class StreamNames {
  readonly #names = new Map<number, string>();

  /** The name of the line's stream. */
  of(bytes: Buffer, line: Line): string {
    const slot = line.streamHash & (slots - 1);
    const seen = this.#names.get(slot);
    if (seen !== undefined && isName(bytes, line, seen)) return seen;
    const name = bytes.toString('latin1', line.streamStart, line.streamEnd);
    this.#names.set(slot, name);
    return name;
  }
}

function isName(bytes: Buffer, { streamStart, streamEnd }: Line, name: string): boolean {
  if (name.length !== streamEnd - streamStart) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (name.charCodeAt(index) !== bytes[streamStart + index]) return false;
  }
  return true;
}
