import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import type { NewEvent } from '@runtime/contracts/log';
import { openEventLog, type EventLogOptions } from '@runtime/event-log';
import { eventsPerTask, realTask } from '../kinds/real-task.ts';

/** Tasks that run at the same time: many short streams, as a plane has them. */
const running = 16;

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
    const { stream, event } = eventAt(number);
    const { first: position, revision, time } = await log.append(stream, [event], { ack: 'written' });
    return plain ? `${JSON.stringify({ position, stream, revision, time, ...event })}\n` : '';
  }

  async function done(): Promise<boolean> {
    if ('events' in until) return count >= until.events;
    const segments = (await readdir(options.dir)).filter((name) => name.endsWith('.jsonl'));
    return segments.length > until.closedSegments;
  }
}

/** The events of the tasks that run, by their place. */
const tasks: NewEvent[][] = [];

/** The events of the tasks in turn. Asked for in ascending order. */
function eventAt(number: number): { readonly stream: string; readonly event: NewEvent } {
  const place = number % running;
  const task = Math.floor(number / (running * eventsPerTask)) * running + place;
  const index = Math.floor((number % (running * eventsPerTask)) / running);
  if (index === 0) tasks[place] = realTask(task);
  const event = tasks[place]?.[index];
  if (!event) throw new Error(`there is no event ${index} of task ${task}`);
  return { stream: `task/${task}`, event };
}

// A process of its own: it is to use the same build of our packages as those that read.
console.log(await makeLog(JSON.parse(process.argv[2] ?? '') as MakeLog));
