import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskView } from '@runtime/contracts';
import { connectControlPlane } from '@runtime/control-plane';
import { describe, expect, inject, it } from 'vitest';
import { cliCommand, hasEnded, makeDesk, watchTask } from '../src/cli.ts';

/** A dozen processes of the command line, one after the other. */
const manyCommands = { timeout: 180_000 * inject('slowness') };

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

it('an agent whose commands have a cleared environment gets its answer all the same', manyCommands, async () => {
  await using desk = await makeDesk({});
  const program = [...cliCommand, '--data-dir', desk.dataDir].map((each) => `'${each}'`).join(' ');
  const shell = (text: string) => ({ adapter: 'local', command: ['sh', '-c', `cat >/dev/null; ${text}`] });
  const asks = `sh -c "env -i PATH=\\"$PATH\\" HOME=\\"$HOME\\" ${program} run part --title inner --on part -q"`;
  const runtimes = { outer: shell(asks), part: shell('echo "the part is done"') };
  await writeFile(
    join(desk.workspace, 'runtime.config.json'),
    JSON.stringify({ runtimes, defaults: { concurrency: 1 } }),
  );
  const ran = await desk.run(['run', 'all of it', '--on', 'outer', '-q']);
  expect(ran).toMatchObject({ code: 0, stdout: 'the part is done\n' });
  expect((await watchTask(desk.dataDir, hasEnded, 'inner')).parent).toBeDefined();
});

it('an agent that waits for its own task, or for one above it, is told so instead', manyCommands, async () => {
  await using desk = await makeDesk({});
  const program = [...cliCommand, '--data-dir', desk.dataDir].map((each) => `'${each}'`).join(' ');
  const request = "run 'all of it' --on self --title self --key k";
  const waits = ['wait last', 'watch last', 'events -f last', 'close --wait last', 'steer last x --wait delivered'];
  const cleared = `env -i PATH="$PATH" HOME="$HOME" ${program} wait last`;
  const commands = [...[...waits, request].map((each) => `${program} ${each}`), cleared];
  const script = ['cat >/dev/null', ...commands.map((each) => `${each} 2>&1; echo "exit $?"`)].join('\n');
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

/** As many agents as `names`, in a ring: each works in its own directory and has a part done in the next one's. */
async function ringDesk(names: readonly string[]) {
  const desk = await makeDesk({});
  const program = [...cliCommand, '--data-dir', desk.dataDir].map((each) => `'${each}'`).join(' ');
  const shell = (script: string) => ({ adapter: 'local', command: ['sh', '-c', script] });
  const untilThere = (file: string): string => `until [ -e '${join(desk.workspace, file)}' ]; do sleep 0.1; done`;
  const delegate = (name: string, next: string) => {
    const request = `'a part' --title for-${name} --on part --workspace '${join(desk.workspace, next)}'`;
    const inOne = `${program} run ${request} --quiet`;
    const inTwo = `part="$(${program} submit ${request})"; ${untilThere('wait')}; ${program} wait "$part"`;
    const ask = `if [ -e '${join(desk.workspace, 'at-once')}' ]; then ${inOne}; else ${inTwo}; fi`;
    return shell(`set -eu; cat >/dev/null; : >'${join(desk.workspace, name)}.up'; ${untilThere('go')}; ${ask}`);
  };
  const runtimes: Record<string, unknown> = { part: shell('cat >/dev/null; echo "the part is done"') };
  for (const [index, name] of names.entries()) {
    await mkdir(join(desk.workspace, name));
    runtimes[name] = delegate(name, names[(index + 1) % names.length] ?? name);
  }
  await writeFile(join(desk.workspace, 'runtime.config.json'), JSON.stringify({ runtimes }));
  const say = (file: string): Promise<void> => writeFile(join(desk.workspace, file), '');
  const start = async (): Promise<void> => {
    for (const name of names) {
      const args = ['submit', 'all of it', '--on', name, '--title', name, '--workspace', join(desk.workspace, name)];
      expect(await desk.run(args)).toMatchObject({ code: 0 });
    }
    for (const name of names)
      await expect.poll(() => exists(join(desk.workspace, `${name}.up`)), manyCommands).toBe(true);
  };
  const ends = (): Promise<TaskView[]> =>
    Promise.all(
      [...names, ...names.map((name) => `for-${name}`)].map((it) =>
        watchTask(desk.dataDir, hasEnded, it, manyCommands.timeout),
      ),
    );
  return { desk, say, start, ends };
}

/** As a crash would: its agents go on. */
async function killOwner(dataDir: string): Promise<void> {
  const plane = await connectControlPlane({ dataDir });
  const { pid } = await plane.info();
  const lost = plane.closed;
  process.kill(pid, 'SIGKILL');
  await lost;
  await plane.close();
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('agents that have parts done in one another’s workspaces, in a circle', manyCommands, () => {
  it('all get their answers', async () => {
    const { desk, say, start, ends } = await ringDesk(['first', 'second', 'third']);
    await using _desk = desk;
    await say('at-once');
    await start();
    await say('go');
    for (const { outcome } of await ends()) expect(outcome).toMatchObject({ status: 'succeeded' });
  });

  it('are told of it while they may go on, and get their answers once they wait, also under the next owner', async () => {
    const names = ['first', 'second'];
    const { desk, say, start, ends } = await ringDesk(names);
    await using _desk = desk;
    await start();
    await say('go');
    const isToldOf = ({ waitingFor }: TaskView): boolean => waitingFor?.text.includes('may wait for') === true;
    const all = () =>
      Promise.all(names.map((name) => watchTask(desk.dataDir, isToldOf, `for-${name}`, manyCommands.timeout)));
    await all();
    await killOwner(desk.dataDir);
    expect(await desk.run(['serve', '--detach'])).toMatchObject({ code: 0 });
    const [part] = await all();
    const commands = [
      ['list', '--status', 'queued'],
      ['status', part?.id ?? ''],
    ];
    for (const command of commands) expect((await desk.run(command)).stdout).toContain('may wait for');
    await say('wait');
    for (const { outcome } of await ends()) expect(outcome).toMatchObject({ status: 'succeeded' });
  });
});
