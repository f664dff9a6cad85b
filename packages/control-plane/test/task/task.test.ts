import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { foldTask, taskView, type TaskState } from '@runtime/contracts/fold';
import { expect, it } from 'vitest';
import { eventsOf, makePlaces, openPlane } from '../support/planes.ts';

it('has in memory exactly the state that a reader folds from the log, at every event that ends a step', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, until: 'closed' });
  for await (const event of task.events()) {
    if (event.type === 'turn.ended') break;
  }
  await task.followUp('more');
  await task.close();
  await task.outcome();
  const shown = await task.status();
  let state: TaskState | undefined;
  for (const event of await eventsOf(plane, task.id)) state = foldTask(state, event);
  expect(state && taskView(state)).toEqual(shown);
});
