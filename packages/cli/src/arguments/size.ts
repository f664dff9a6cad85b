import { usageError } from './usage-error.ts';

/** Matches `5G`, `1.5GiB`, `500M`, `1024`. The schema of the configuration publishes it. */
export const sizePattern = /^\d+(?:\.\d+)?(?:[KMGT](?:iB)?|B)?$/;

const units = 'BKMGT';

/** The bytes of a size; K is 1024. Throws INVALID_ARGUMENT. */
export function parseSize(text: string): number {
  if (!sizePattern.test(text))
    throw usageError(`${JSON.stringify(text)} is not a size`, 'write it with a unit: 500M, 5G, 1.5T');
  const unit = /[BKMGT]/.exec(text)?.[0] ?? 'B';
  const bytes = Math.floor(Number.parseFloat(text) * 1024 ** units.indexOf(unit));
  if (!Number.isSafeInteger(bytes)) throw usageError(`${text} is more than any disk holds`);
  return bytes;
}
