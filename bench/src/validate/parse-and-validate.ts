import { sessionEventSchemas, type SessionEvent } from '@runtime/contracts/adapter';
import type { Contender } from '../harness/contender.ts';
import { taking } from './measure.ts';

/** JSON.parse and the schema of the event's type, as the plane checks what adapters report. */
export default async function parseAndValidate(): Promise<Contender> {
  return taking((bytes) => {
    const event = JSON.parse(bytes.toString('utf8')) as SessionEvent;
    return sessionEventSchemas[event.type].safeParse(event).success;
  });
}
