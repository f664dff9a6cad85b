import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { expectNothingLost, makeScene, openHere, startHost, takeOver } from '../src/scene.ts';

describe('a second plane on one data directory', () => {
  it('is told who holds it, also while that one is stopped, and takes over when it is gone', async () => {
    await using scene = await makeScene('local', { pauseMs: 1500 });
    const host = startHost(scene);
    await once(host.stdout!, 'data');
    const conflict = { code: 'CONFLICT', details: { owner: { pid: host.pid } } };
    await expect(openHere(scene)).rejects.toMatchObject(conflict);
    host.kill('SIGSTOP');
    await expect(openHere(scene)).rejects.toMatchObject(conflict);
    host.kill('SIGKILL');
    await once(host, 'close');
    const { outcome, events } = await takeOver(scene);
    expect(outcome).toEqual({ status: 'succeeded' });
    await expectNothingLost(scene, events);
  });
});
