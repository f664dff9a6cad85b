import { readFileSync } from 'node:fs';
import type { NewEvent } from '@runtime/contracts/log';

/**
 * The events of a task that real Pi 0.87 did, with a scripted model and steered once, as the log had them: mostly
 * increments of a word, and one or a few of each other kind.
 */
const lines = readFileSync(new URL('./pi-task.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

/** How many events a task has. */
export const eventsPerTask = lines.length;

const ownIds = [...new Set(lines.join('').match(/(?<=task-|run-|ins-)[0-9a-z]{26}/g))];

/** The events of one more such task: as long, with ids of its own. */
export function realTask(number: number): NewEvent[] {
  const digits = String(number).padStart(12, '0');
  let text = `[${lines.join(',')}]`;
  for (const id of ownIds) text = text.replaceAll(id, `${id.slice(0, -12)}${digits}`);
  return JSON.parse(text) as NewEvent[];
}
