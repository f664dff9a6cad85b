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

it('an agent that waits for its own task, or for one above it, is told so instead', async () => {
  await using desk = await makeDesk({});
  const program = [...cliCommand, '--data-dir', desk.dataDir].map((each) => `'${each}'`).join(' ');
  const request = "run 'all of it' --on self --title self --key k";
  const commands = ['wait last', 'watch last', 'close --wait last', request];
  const script = ['cat >/dev/null', ...commands.map((each) => `${program} ${each} 2>&1; echo "exit $?"`)].join('\n');
  const below = `cat >/dev/null\n${program} wait "$(cat above)" 2>&1; echo "exit $?"`;
  const above = `cat >/dev/null\n${program} list -q --status running >above; ${program} run x --on below --title below -q`;
  const shell = (text: string) => ({ adapter: 'local', command: ['sh', '-c', text] });
  const runtimes = { self: shell(script), above: shell(above), below: shell(below) };
  await writeFile(join(desk.workspace, 'runtime.config.json'), JSON.stringify({ runtimes }));
  const own = await desk.run(['run', 'all of it', '--on', 'self', '--title', 'self', '--key', 'k']);
  expect(own).toMatchObject({ code: 0 });
  const told = (text: string): number => text.split('would wait for itself').length - 1;
  expect([told(own.stdout), own.stdout.includes('exit 0')]).toEqual([commands.length, false]);
  const family = await desk.run(['run', 'all of it', '--on', 'above', '--title', 'above']);
  expect(family).toMatchObject({ code: 0 });
  expect(told(family.stdout)).toBe(1);
});
