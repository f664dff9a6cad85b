import { join } from 'node:path';
import { openEventLog } from '@runtime/event-log';
import type { Contender } from '../harness/contender.ts';
import { runWriters } from './writers.ts';

/** Our log. One log for all runs, as a plane has it. `written: 1` asks for the weaker acknowledgement. */
export default async function ours(dir: string): Promise<Contender> {
  const log = await openEventLog({ dir: join(dir, 'log') });
  return {
    run: ({ writers = 1, milliseconds = 0, written = 0 }) => {
      const ack = written ? 'written' : 'durable';
      return runWriters(writers, milliseconds, (writer, event) => log.append(`task/w${writer}`, [event], { ack }));
    },
    close: () => log.close(),
  };
}
