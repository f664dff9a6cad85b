import { createHash } from 'node:crypto';

/**
 * A digest by which a reused key is seen to ask for the same thing. Keys of objects are in the order of their schema,
 * so JSON is stable.
 */
export function specDigest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}
