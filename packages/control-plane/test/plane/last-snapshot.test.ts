import { memoryEventLog } from '@runtime/event-log';
import { describe, expect, it } from 'vitest';
import { Families } from '../../src/families/families.ts';
import type { PlaneContext } from '../../src/task/context.ts';
import { fifo } from '../../src/index.ts';
import { Plane } from '../../src/plane/plane.ts';
import { snapshotName, snapshotVersion, TaskRegistry } from '../../src/plane/task-registry.ts';

describe('the last snapshot', () => {
  it('claims no event that is still on its way into memory', async () => {
    const log = memoryEventLog();
    await log.append('plane', [{ type: 'plane.opened' }]);
    const ctx = { log, runtimes: { breakers: {}, onFreed: () => undefined } } as unknown as PlaneContext;
    const families = new Families(log, [], new AbortController().signal);
    const plane = new Plane(ctx, { registry: new TaskRegistry(log), families }, fifo(), () => undefined);
    const folded = Promise.withResolvers<void>();
    const submitting = plane.track(async () => {
      await log.append('task/task-1', [{ type: 'task.submitted' }], { expected: 0 });
      await folded.promise;
    });
    await expect.poll(() => log.head).toBe(2);
    await plane.save();
    expect((await log.readSnapshot(snapshotName, snapshotVersion))?.position).toBe(1);
    folded.resolve();
    await submitting;
  });
});
