import { link, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runtimeNames } from '../src/runtimes.ts';
import { expectNothingLost, expectOneStartPerRun, makeScene, openHere, takeOver, type Scene } from '../src/scene.ts';

/** Unlinks the segments as `git clean` does, and keeps each under another name. */
async function unlinkSegments(scene: Scene): Promise<() => Promise<void>> {
  const log = join(scene.dataDir, 'log');
  const names = (await readdir(log)).filter((name) => name.endsWith('.jsonl'));
  for (const name of names) {
    await link(join(log, name), join(scene.root, name));
    await rm(join(log, name));
  }
  return async () => {
    for (const name of names) await rename(join(scene.root, name), join(log, name));
  };
}

it.each(runtimeNames)(
  'a plane on %s whose segments are unlinked closes, and loses nothing once they are back',
  async (runtime) => {
    await using scene = await makeScene(runtime);
    const gate = join(scene.root, 'gate');
    const gated = { ...scene, agent: { ...scene.agent, gate } };
    const plane = await openHere(gated);
    const task = await plane.submit(gated.request);
    for await (const event of task.events()) if (event.type === 'run.started') break;
    const restore = await unlinkSegments(gated);
    await expect(task.steer('into the void').then(() => task.outcome())).rejects.toThrow();
    expect(await plane.closed).toMatchObject({ code: 'DATA_CORRUPT', details: { poisoned: true } });
    await plane.close().catch(() => undefined);
    // The owner after it does not begin a new log beside a run that lives.
    await expect(openHere(gated)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    await restore();
    await writeFile(gate, '');
    const { outcome, events } = await takeOver(gated);
    expect(outcome.status).toBe('succeeded');
    await expectNothingLost(gated, events);
    await expectOneStartPerRun(gated, events);
  },
);
