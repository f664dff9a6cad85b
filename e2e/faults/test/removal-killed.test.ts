import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AgentRuntimeError, type ControlPlane } from '@runtime/contracts';
import { connectControlPlane } from '@runtime/control-plane';
import { readOwner } from '@runtime/event-log/owner';
import { expect, inject, it } from 'vitest';
import { makeDesk } from '../src/cli.ts';

const rounds = 9;

/** Writes what it was asked for, a file of its own and one that is large enough to be stored by itself. */
const script = 'cat > asked.txt; echo changed > kept.txt; head -c 100000 /dev/zero | tr "\\0" x > large.txt; echo done';
const definitions = { editor: { adapter: 'local', options: { command: ['sh', '-c', script], prompt: 'stdin' } } };

/** A random generator with a seed, which is printed with a failure. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** All that was kept of a task is there, and says what it said. */
async function expectWhole(plane: ControlPlane, id: string, prompt: string): Promise<void> {
  const { outcome, worktree } = await plane.task(id).status();
  expect(outcome, prompt).toEqual({ status: 'succeeded' });
  expect(await readFile(join(worktree!.dir, 'asked.txt'), 'utf8')).toBe(prompt);
  const texts = new Map<string, string>();
  for await (const artifact of plane.task(id).artifacts()) texts.set(artifact.name, await textOf(artifact.body()));
  expect(texts.get('asked.txt')).toBe(prompt);
  expect(texts.get('large.txt')).toHaveLength(100_000);
  expect(texts.get('changes.patch')).toContain(`+${prompt}\n`);
}

it(
  'an owner that is killed again and again while tasks in worktrees end, are removed and their artifacts collected, loses nothing',
  { timeout: 300_000 * inject('slowness') },
  async () => {
    const seed = Math.floor(Math.random() * 1e9);
    const random = randomFrom(seed);
    await using desk = await makeDesk({});
    const git = async (...args: string[]): Promise<string> => {
      const identity = ['-c', 'user.name=me', '-c', 'user.email=me@example.com'];
      return (await promisify(execFile)('git', [...identity, ...args], { cwd: desk.workspace })).stdout.trim();
    };
    await git('init', '-q', '-b', 'main');
    await writeFile(join(desk.workspace, 'kept.txt'), 'as it was\n');
    await git('add', '.');
    await git('commit', '-qm', 'first');
    await writeFile(join(desk.workspace, 'mine.txt'), 'not committed\n');
    const before = await git('status', '--porcelain');

    const prompts = new Map<string, string>();
    const ended = new Set<string>();
    const asked = new Set<string>();
    const removed = new Set<string>();
    const outcomes: unknown[] = [];

    const work = async (plane: ControlPlane, round: number, isRemoved: () => void): Promise<void> => {
      const submit = async (n: number): Promise<void> => {
        const prompt = `task ${round}.${n}`;
        const task = await plane.submit({
          prompt,
          definitions,
          runtimes: ['editor'],
          workspace: { git: desk.workspace, worktree: true },
          deliverables: [{ glob: 'asked.txt' }, { glob: 'large.txt' }],
        });
        prompts.set(task.id, prompt);
        outcomes.push({ prompt, outcome: await task.outcome() });
        ended.add(task.id);
      };
      const remove = async (id: string): Promise<void> => {
        asked.add(id);
        await plane
          .task(id)
          .remove()
          .catch((error: unknown) => {
            // The one before had got further than anybody was told.
            if (!AgentRuntimeError.isInstance(error) || error.code !== 'NOT_FOUND') throw error;
          });
        removed.add(id);
        isRemoved();
      };
      const victims = [...ended].filter((id) => !removed.has(id)).slice(0, -2);
      await Promise.allSettled([
        ...[1, 2, 3].map(submit),
        ...victims.map(remove),
        plane.collectGarbage(),
        sleep(50).then(() => plane.collectGarbage()),
      ]);
    };

    for (let round = 1; round <= rounds; round += 1) {
      expect((await desk.run(['serve', '--detach'])).code).toBe(0);
      const plane = await connectControlPlane({ dataDir: desk.dataDir });
      const removal = Promise.withResolvers<void>();
      let count = 0;
      const working = work(plane, round, () => {
        count += 1;
        if (count === 2) removal.resolve();
      });
      // The first one is to have something to remove for those that follow; of these, every second one removes something.
      if (round === 1) await working;
      else if (round % 2 === 0) await Promise.race([removal.promise, working]);
      await sleep(random() * 800);
      const owner = await readOwner(join(desk.dataDir, 'lock.db'));
      process.kill(owner!.pid, 'SIGKILL');
      await working;
      await plane.close();
    }

    expect((await desk.run(['serve', '--detach'])).code).toBe(0);
    const plane = await connectControlPlane({ dataDir: desk.dataDir });
    const story = `seed ${seed}`;
    for (const id of prompts.keys()) {
      // What a killed owner had begun goes on; what it was asked for and had not begun may never be.
      const outcome = await plane
        .task(id)
        .outcome()
        .catch((error: unknown) => error);
      if (outcome instanceof Error) continue;
      ended.add(id);
      outcomes.push({ prompt: prompts.get(id), outcome });
    }
    expect(
      outcomes.filter((each) => !JSON.stringify(each).includes('succeeded')),
      story,
    ).toEqual([]);
    const gone = new Set<string>();
    for (const [id, prompt] of prompts) {
      const isThere = await plane
        .task(id)
        .status()
        .then(
          () => true,
          () => false,
        );
      if (isThere) await expectWhole(plane, id, prompt);
      else gone.add(id);
      if (removed.has(id)) expect(isThere, `${prompt} was removed, ${story}`).toBe(false);
      if (!asked.has(id)) expect(isThere, `${prompt} was never to be removed, ${story}`).toBe(true);
      if (isThere) continue;
      expect(await git('show', `refs/runtime/preserved/${id}/end:asked.txt`), story).toBe(prompt);
    }
    expect(removed.size, story).toBeGreaterThan(3);
    await plane.prune({ keep: 2 });
    await plane.collectGarbage();
    const left = await plane.tasks();
    expect(left).toHaveLength(2);
    for (const { id } of left) await expectWhole(plane, id, prompts.get(id) ?? '');
    expect((await readdir(join(desk.dataDir, 'worktrees'))).toSorted()).toEqual(left.map(({ id }) => id).toSorted());
    expect(await readdir(join(desk.dataDir, 'runs'))).toHaveLength(left.flatMap(({ runs }) => runs).length);
    expect((await plane.collectGarbage({ dryRun: true })).removed).toBe(0);
    await plane.close();
    expect(await git('status', '--porcelain')).toBe(before);
    expect((await git('branch', '--list', 'runtime/*')).split('\n')).toHaveLength(2);
    await git('fsck', '--strict', '--no-dangling');
    for (const args of [['verify'], ['artifacts', 'verify']]) {
      const { code, stdout } = await desk.run(args);
      expect(code, `${story}: ${stdout}`).toBe(0);
    }
    expect(existsSync(join(desk.workspace, 'asked.txt'))).toBe(false);
    expect(gone.size).toBeGreaterThanOrEqual(removed.size);
  },
);
