import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { taskStream, type NewEvent, type StoredEvent } from '@runtime/contracts/log';
import { acquireLock, openEventLog } from '@runtime/event-log';
import { openPlane } from '../task/open-plane.ts';

/** How many appends are under way at a time. */
const wave = 512;

// Makes a plane's data directory with so many ended tasks: one that really ran, and copies of what it left in the log.
// `make-history.ts <dir> <tasks>`
const [, , dir = '', tasks = '1'] = process.argv;
await mkdir(dir, { recursive: true });
const pattern = await realTask(dir);
const dataDir = join(dir, 'data');
const lock = await acquireLock(join(dataDir, 'lock.db'));
const log = await openEventLog({ dir: join(dataDir, 'log'), lock });
for (let next = 1; next < Number(tasks); next += wave) {
  const numbers = Array.from({ length: Math.min(wave, Number(tasks) - next) }, (_, index) => next + index);
  await Promise.all(numbers.map((number) => append(number)));
}
await log.close();
await lock.release();

async function append(number: number): Promise<void> {
  const { id, events } = pattern.copy(number);
  await log.append(taskStream(id), events, { ack: 'written', expected: 0 });
}

/** Runs one task, and returns how its events would read had they been those of another task. */
async function realTask(dir: string) {
  const { plane, runTask } = await openPlane(dir);
  await runTask();
  const [view] = await plane.tasks();
  const [run] = view?.runs ?? [];
  if (!view || !run) throw new Error('the task left no run');
  const own: NewEvent[] = [];
  for await (const event of plane.task(view.id).events()) own.push(withoutEnvelope(event));
  await plane.close();
  const text = JSON.stringify(own);
  /** As long as the original, in the order of the numbers. */
  const renamed = (id: string, number: number): string => id.slice(0, -8) + String(number).padStart(8, '0');
  return {
    copy(number: number) {
      const id = renamed(view.id, number);
      const copied = text.replaceAll(view.id, id).replaceAll(run.runId, renamed(run.runId, number));
      return { id, events: JSON.parse(copied) as NewEvent[] };
    },
  };
}

function withoutEnvelope(event: StoredEvent & { readonly cursor: string }): NewEvent {
  const { position: _position, stream: _stream, revision: _revision, time: _time, cursor: _cursor, ...own } = event;
  return own;
}
