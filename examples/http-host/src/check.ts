import assert from 'node:assert/strict';
import { findMarked } from '@runtime/adapter-kit/process';
import type { TaskHandle } from '@runtime/contracts';
import type { Reader } from './reader.ts';

/** What the reader has is what the log has: each event once, no line left out, and one run under two owners. */
export async function check(task: TaskHandle, reader: Reader): Promise<void> {
  const cursors: string[] = [];
  const types: string[] = [];
  for await (const { cursor, type } of task.events()) {
    cursors.push(cursor);
    types.push(type);
  }
  assert.deepEqual(reader.ids, cursors);
  assert.equal(types.filter((type) => type === 'run.starting').length, 1);
  assert.equal(types.filter((type) => type === 'run.reattached').length, 1);

  const lines = reader.output.trimEnd().split('\n');
  assert.equal(lines.pop(), 'done');
  assert.ok(lines.length > 0);
  for (const [number, line] of lines.entries()) assert.equal(line, `line ${number}`);

  const { status, runs } = await task.status();
  assert.equal(status, 'succeeded');
  for (const { runId } of runs) assert.deepEqual(await findMarked(runId), [], 'no process is left');
}
