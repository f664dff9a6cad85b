import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { hostEnd, makeScene, startHost } from '../src/scene.ts';

const windowMs = 5000;
/** Twice a second. */
const mostWakes = 10;
/** The engine compiles and collects garbage for a while after a start. */
const windows = 10;

/** How often the threads of a process went to sleep so far. */
async function sleeps(pid: number): Promise<number> {
  let sum = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'latin1').catch(() => '');
    sum += Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(status)?.[1] ?? 0);
  }
  return sum;
}

it.runIf(process.platform === 'linux').each(['local', 'pi', 'tmux'] as const)(
  'a plane whose agent on %s says nothing comes to rest: then it wakes no more than twice a second',
  { timeout: 120_000 * inject('slowness') },
  async (runtime) => {
    await using scene = await makeScene(runtime);
    const gate = join(scene.root, 'gate');
    const host = startHost({ ...scene, agent: { ...scene.agent, gate } });
    const end = hostEnd(host);
    const seen: number[] = [];
    try {
      await expect.poll(() => readFile(scene.agent.starts, 'utf8').catch(() => '')).not.toBe('');
      while (seen.length < windows && !(Math.min(...seen) <= mostWakes)) {
        const before = await sleeps(host.pid ?? 0);
        await delay(windowMs);
        seen.push((await sleeps(host.pid ?? 0)) - before);
      }
    } finally {
      await writeFile(gate, '');
      expect(await end).toMatchObject({ code: 0 });
    }
    expect(Math.min(...seen), `wakes in ${windowMs} ms each: ${seen.join(' ')}`).toBeLessThanOrEqual(mostWakes);
  },
);
