import { parseJsonLine } from '@runtime/adapter-kit/source';
import { sessionEventSchemas, type SessionEvent } from '@runtime/contracts/adapter';
import type { Contender } from '../harness/contender.ts';
import { taking } from './measure.ts';

/** The whole boundary: valid UTF-8, not too deep, no `__proto__`, and the schema of the event's type. */
export default async function boundary(): Promise<Contender> {
  return taking((bytes) => {
    const line = parseJsonLine(bytes);
    if (!line.ok) return false;
    const event = line.value as SessionEvent;
    return sessionEventSchemas[event.type].safeParse(event).success;
  });
}
