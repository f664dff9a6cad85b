import { parseSessionEvent } from '@runtime/contracts/adapter';
import type { Contender } from '../harness/contender.ts';
import { taking } from './measure.ts';

/** JSON.parse and the check of the event, as the plane checks what adapters report. */
export default async function parseAndValidate(): Promise<Contender> {
  return taking((bytes) => parseSessionEvent(JSON.parse(bytes.toString('utf8'))) !== undefined);
}
