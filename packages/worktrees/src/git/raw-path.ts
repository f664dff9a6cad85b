import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';

/** A path in a repository, byte for byte: each character is a byte (latin1). */
export type RawPath = string;

/** The parts of an output that end with NUL. */
export function splitNul(output: Buffer): RawPath[] {
  const text = output.toString('latin1');
  return text === '' ? [] : text.replace(/\0$/, '').split('\0');
}

export const joinNul = (parts: Iterable<RawPath>): Buffer =>
  Buffer.from([...parts].map((part) => `${part}\0`).join(''), 'latin1');

/** The file in a directory. */
export const fileAt = (dir: string, path: RawPath): Buffer =>
  Buffer.concat([Buffer.from(join(dir, '/')), Buffer.from(path, 'latin1')]);

/** The path as text. Bytes that are no UTF-8 are written as `\xNN`, and a backslash before them is doubled. */
export function textOf(path: RawPath): string {
  const bytes = Buffer.from(path, 'latin1');
  if (isUtf8(bytes)) return bytes.toString();
  return path.replaceAll(/[\\\x80-\xff]/g, (char) =>
    char === '\\' ? '\\\\' : `\\x${char.charCodeAt(0).toString(16)}`,
  );
}

export const isLossless = (path: RawPath): boolean => isUtf8(Buffer.from(path, 'latin1'));
