import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectControlPlane } from '@runtime/control-plane';
import { describe, expect, it } from 'vitest';
import { cliCommand, hasEnded, makeDesk, watchTask } from '../src/cli.ts';

/** An agent that has a part of its work done by another one, with the command line, and waits for it. */
async function familyDesk(concurrency: number) {
  const desk = await makeDesk({});
  const program = [...cliCommand, '--data-dir', desk.dataDir].map((each) => `'${each}'`).join(' ');
  const delegate = (name: string, to: string) =>
    `set -eu; cat >/dev/null; echo "${name} asks"; ${program} run 'a part' --title ${to} --on ${to} --quiet; echo "${name} has it"`;
  const shell = (script: string) => ({ adapter: 'local', command: ['sh', '-c', script] });
  const runtimes = {
    first: shell(delegate('first', 'second')),
    second: shell(delegate('second', 'third')),
    third: shell('cat >/dev/null; echo "the part is done"'),
  };
  const config = { runtimes, defaults: { concurrency } };
  await writeFile(join(desk.workspace, 'runtime.config.json'), JSON.stringify(config));
  return desk;
}

describe.each([1, 4])('an agent that calls `runtime run` in its own workspace, with concurrency %d', (concurrency) => {
  it('gets its answer, and so does the agent that this one asks', async () => {
    await using desk = await familyDesk(concurrency);
    const ran = await desk.run(['run', 'all of it', '--title', 'first', '--on', 'first', '--quiet']);
    const tasks = await Promise.all(
      ['first', 'second', 'third'].map((title) => watchTask(desk.dataDir, hasEnded, title)),
    );
    expect(tasks.map(({ outcome }) => outcome?.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(ran).toMatchObject({ code: 0 });
    const [first, second, third] = tasks;
    expect(first?.parent).toBeUndefined();
    expect(second?.parent).toEqual({ taskId: first?.id, runId: first?.runs[0]?.runId });
    expect(third?.parent).toEqual({ taskId: second?.id, runId: second?.runs[0]?.runId });
    await using plane = await connectControlPlane({ dataDir: desk.dataDir });
    expect((await plane.info()).unfinished).toBe(0);
  });
});
