import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { openEventLog } from '@runtime/event-log';
import { expect, it } from 'vitest';
import { LocalChannel } from '../../src/api/local-channel.ts';
import { openReadOnlyPlane } from '../../src/index.ts';
import { FilesReader } from '../../src/open/files-reader.ts';
import { eventsOf, makePlaces, openPlane, type Places } from '../support/planes.ts';

async function endedTask(places: Places): Promise<string> {
  await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await task.outcome();
  return task.id;
}

it('the level of an instruction that a task does not have is NOT_FOUND without an owner, too', async () => {
  await using places = await makePlaces();
  const taskId = await endedTask(places);
  const log = await openEventLog({ dir: join(places.dataDir, 'log'), readOnly: true });
  const closing = new AbortController();
  const artifacts = () => Promise.reject(new Error('nothing is kept here'));
  const reader = new FilesReader({ log, artifacts }, places.dataDir, closing.signal);
  const owner = (): never => {
    throw new Error('no owner');
  };
  const channel = new LocalChannel({ reader, owner }, closing.signal, new Promise(() => undefined));
  const { instructions } = await reader.view(taskId);
  expect(await channel.call('task.level', { taskId, instructionId: instructions[0]?.id })).toBe('observed');
  for (const instructionId of ['ins-nowhere', 'constructor'])
    await expect(channel.call('task.level', { taskId, instructionId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await log.close();
});

it('a read-only plane answers what it can read, and names the method that needs an owner', async () => {
  await using places = await makePlaces();
  const taskId = await endedTask(places);
  const plane = await openReadOnlyPlane({ dataDir: places.dataDir });
  const task = plane.task(taskId);
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  expect(await plane.info()).toMatchObject({ dataDir: places.dataDir, unfinished: 0, clients: 0 });
  await expect(task.cancel()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('task.cancel'),
    hint: expect.any(String),
  });
  await expect(plane.runtimes()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const nowhere = plane.task('task-nowhere');
  await expect(nowhere.status()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(nowhere.outcome()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(eventsOf(plane, 'task-nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await plane.close();
  await expect(task.status()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
