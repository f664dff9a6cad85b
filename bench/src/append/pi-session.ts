import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { secondsSince, type Contender } from '../harness/contender.ts';
import { makeEvent } from './event.ts';

/**
 * How Pi keeps its sessions: one appendFileSync per line, nothing synced. Synchronous, so there is only one writer
 * ever.
 */
export default async function piSession(dir: string): Promise<Contender> {
  const file = join(dir, 'session.jsonl');
  let revision = 0;
  return {
    async run({ milliseconds = 0 }) {
      const start = process.hrtime.bigint();
      const end = performance.now() + milliseconds;
      let events = 0;
      while (performance.now() < end) {
        revision += 1;
        events += 1;
        const envelope = { position: revision, stream: 'task/w100', revision, time: Date.now() };
        appendFileSync(file, `${JSON.stringify({ ...envelope, ...makeEvent(events) })}\n`);
      }
      return { perSecond: events / secondsSince(start) };
    },
  };
}
