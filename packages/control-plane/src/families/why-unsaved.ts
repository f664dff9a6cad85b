import { isDeepStrictEqual } from 'node:util';
import { maxFamilyStateBytes } from '@runtime/contracts/log';

/** Why a state would not come back from a snapshot as it is; undefined where it would. */
export function whyUnsaved(state: unknown): string | undefined {
  try {
    const text = JSON.stringify(state);
    const bytes = Buffer.byteLength(text);
    if (bytes > maxFamilyStateBytes) return `it has ${bytes} bytes as JSON, above the limit of ${maxFamilyStateBytes}`;
    return isDeepStrictEqual(JSON.parse(text), state) ? undefined : 'it is not what JSON gives back';
  } catch {
    return 'it is no JSON';
  }
}
