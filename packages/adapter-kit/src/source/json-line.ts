import { isUtf8 } from 'node:buffer';
import { jsonDepthExceeds } from '@runtime/contracts';

/** Options of `parseJsonLine`. */
export interface JsonLineOptions {
  /**
   * Deepest nesting of arrays and objects. @default 64: deeper values overflow the stack of code that copies or prints
   * them
   */
  readonly maxDepth?: number;
}

/** A parsed line, or why it was refused. */
export type JsonLine =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: 'invalid UTF-8' | 'not JSON' | 'nested too deeply' };

/**
 * Parses one line of JSON from another program. Never throws.
 * Keys named `__proto__` are dropped, at any depth: no later copy can change a prototype.
 */
export function parseJsonLine(bytes: Buffer, { maxDepth = 64 }: JsonLineOptions = {}): JsonLine {
  if (!isUtf8(bytes)) return { ok: false, reason: 'invalid UTF-8' };
  if (jsonDepthExceeds(bytes, maxDepth)) return { ok: false, reason: 'nested too deeply' };
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
  if (text.includes('__proto__') || escapedProtoLetter.test(text)) dropPrototypeKeys(value);
  return { ok: true, value };
}

/**
 * A letter of `__proto__` as an escape: any of them may be written so. The escapes of terminals and of other scripts
 * are not.
 */
const escapedProtoLetter = /\\u00(?:5f|6f|7[024])/i;

function dropPrototypeKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
  for (const inner of Object.values(value)) dropPrototypeKeys(inner);
}
