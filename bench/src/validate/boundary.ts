import { parseJsonLine } from '@runtime/adapter-kit/source';
import { parseSessionEvent } from '@runtime/contracts/adapter';
import type { Contender } from '../harness/contender.ts';
import { taking } from './measure.ts';

/** The whole boundary: valid UTF-8, not too deep, no `__proto__`, and the check of the event. */
export default async function boundary(): Promise<Contender> {
  return taking((bytes) => {
    const line = parseJsonLine(bytes);
    return line.ok && parseSessionEvent(line.value) !== undefined;
  });
}
