import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foldTask, type TaskState } from '@runtime/contracts/fold';
import { openEventLog, verifyLog } from '@runtime/event-log';
import { describe, expect, it } from 'vitest';
import { TaskRegistry } from '../../src/plane/task-registry.ts';

/**
 * A log that commit 77f6526 wrote, the last one before outcomes and decisions became unions, with the states that its
 * own fold made of it:
 * answers, a question closed by an interrupt, steers, a cancel, fallbacks, a resume, a lost run, quarantined reports;
 * three tasks unfinished.
 */
const fixture = join(import.meta.dirname, '../fixtures/log-77f6526');

async function openFixture() {
  // A copy: opening may add a checkpoint.
  const dir = await mkdtemp(join(tmpdir(), 'earlier-log-'));
  await cp(join(fixture, 'log'), dir, { recursive: true });
  const log = await openEventLog({ dir, readOnly: true });
  return {
    dir,
    log,
    [Symbol.asyncDispose]: async () => {
      await log.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** As that version made them, but for the flag that became `close`, which says who asked and when. */
async function expected(): Promise<Record<string, TaskState>> {
  const text = await readFile(join(fixture, 'states.json'), 'utf8');
  const states = JSON.parse(text) as Record<string, TaskState & { closeRequested?: boolean }>;
  return Object.fromEntries(
    Object.entries(states).map(([stream, { closeRequested: _flag, ...state }]) => [stream, state]),
  );
}

describe('a log of the version before', () => {
  it('is whole', async () => {
    await using earlier = await openFixture();
    expect((await verifyLog({ dir: earlier.dir })).problems).toEqual([]);
  });

  it('folds to the same states, with what later versions add', async () => {
    await using earlier = await openFixture();
    const states: Record<string, TaskState | undefined> = {};
    for await (const events of earlier.log.read()) {
      for (const event of events) {
        if (event.stream.startsWith('task/')) states[event.stream] = foldTask(states[event.stream], event);
      }
    }
    expect(Object.keys(states).length).toBeGreaterThan(10);
    expect(Object.keys(states)).toEqual(Object.keys(await expected()));
    expect(states).toMatchObject(await expected());
  });

  it('gives a plane its unfinished and its ended tasks, whatever the snapshot of another version holds', async () => {
    await using earlier = await openFixture();
    const registry = await TaskRegistry.load(
      earlier.log,
      () => undefined,
      () => undefined,
    );
    const states = Object.values(await expected());
    const unfinished = states.filter(({ outcome }) => outcome === undefined);
    expect(unfinished.length).toBeGreaterThan(1);
    expect(registry.unfinished.states()).toMatchObject(unfinished);
    expect(
      registry.ended
        .all()
        .recent.map(({ id }) => id)
        .toSorted(),
    ).toEqual(
      states
        .filter(({ outcome }) => outcome !== undefined)
        .map(({ id }) => id)
        .toSorted(),
    );
  });
});
