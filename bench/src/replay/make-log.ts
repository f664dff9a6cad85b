import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import type { NewEvent } from '@runtime/contracts/log';
import { openEventLog, type EventLogOptions } from '@runtime/event-log';

/** Tasks that run at the same time, and events of each: many short streams, as a plane has them. */
const running = 16;
const eventsPerTask = 200;
const lineBytes = 259;
const filler = 'Reading the test, then the code under it, to see where the two disagree about time. '.repeat(3);

export interface MakeLog {
  readonly log: Pick<EventLogOptions, 'dir' | 'segmentBytes'>;
  /** How many events, or how many closed segments at least. */
  readonly until: { readonly events: number } | { readonly closedSegments: number };
  /** Written beside it: the same events, as they are read, one JSON document a line. */
  readonly jsonl?: string;
}

/** Makes a log, each event an append of its own. Returns how many events it holds. */
async function makeLog({ log: options, until, jsonl }: MakeLog): Promise<number> {
  const log = await openEventLog(options);
  const plain = jsonl === undefined ? undefined : createWriteStream(jsonl);
  let count = 0;
  while (!(await done())) {
    const wave = 'events' in until ? Math.min(1024, until.events - count) : 1024;
    const first = count;
    const appends = Array.from({ length: wave }, (_, index) => append(first + index));
    count += wave;
    const lines = await Promise.all(appends);
    if (plain && !plain.write(lines.join(''))) await once(plain, 'drain');
  }
  await log.close();
  if (plain) {
    plain.end();
    await once(plain, 'finish');
  }
  return count;

  async function append(number: number): Promise<string> {
    const stream = `task/${Math.floor(number / (running * eventsPerTask)) * running + (number % running)}`;
    const event = makeEvent(number, stream);
    const { first: position, revision, time } = await log.append(stream, [event], { ack: 'written' });
    return plain ? `${JSON.stringify({ position, stream, revision, time, ...event })}\n` : '';
  }

  async function done(): Promise<boolean> {
    if ('events' in until) return count >= until.events;
    const segments = (await readdir(options.dir)).filter((name) => name.endsWith('.jsonl'));
    return segments.length > until.closedSegments;
  }
}

/** So long that its line as it is read has 259 bytes, whatever its numbers. */
function makeEvent(number: number, stream: string): NewEvent {
  const position = number + 1;
  const revision = Math.floor((number % (running * eventsPerTask)) / running) + 1;
  const event = { type: 'text.delta', runId: 'run-01k0', messageId: 'm1' };
  const frame = JSON.stringify({ position, stream, revision, time: 1_795_181_117_061, ...event, text: '' }).length + 1;
  return { ...event, text: filler.slice(0, lineBytes - frame) };
}

// A process of its own: it is to use the same build of our packages as those that read.
console.log(await makeLog(JSON.parse(process.argv[2] ?? '') as MakeLog));
