import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { memoryRuntime, type MemoryScript, type MemoryStep } from '@runtime/conformance/memory-runtime';
import type { ControlPlane, SubmitRequest, TaskHandle } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { seen } from '../support/hostile.ts';
import { openBreaker } from '../support/open-breaker.ts';
import { eventsOf, makePlaces, openPlane, retry, socketClient, typesOf, type Places } from '../support/planes.ts';
import { textOf } from '../support/text-of.ts';

const run = promisify(execFile);

/** Git as a person has it who has configured nothing. */
async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' };
  const identity = ['-c', 'user.name=me', '-c', 'user.email=me@example.com'];
  return (await run('git', [...identity, ...args], { cwd, env })).stdout.trim();
}

/** A repository with one commit, and a change that is not committed. */
async function repositoryIn({ workspace }: Places): Promise<string> {
  await git(workspace, 'init', '-q', '-b', 'main');
  await writeFile(join(workspace, 'kept.txt'), 'as it was\n');
  await writeFile(join(workspace, '.gitignore'), 'ignored/\n');
  await git(workspace, 'add', '.');
  await git(workspace, 'commit', '-qm', 'first');
  await writeFile(join(workspace, 'dirty.txt'), 'mine\n');
  return workspace;
}

/** From now on no worktree can be made. */
async function breakFilters(repository: string): Promise<void> {
  await git(repository, 'config', 'filter.bad.clean', 'cat');
  await git(repository, 'config', 'filter.bad.smudge', 'false');
  await git(repository, 'config', 'filter.bad.required', 'true');
  await writeFile(join(repository, '.gitattributes'), '*.txt filter=bad\n');
  await git(repository, 'add', '.gitattributes');
  await git(repository, 'commit', '-qm', 'filter');
}

const work: MemoryScript = ({ text }) => [
  { do: 'write', path: 'made.txt', text: `${text}\n` },
  { do: 'write', path: 'kept.txt', text: 'changed\n' },
  { do: 'say', text: 'done' },
];

/** Its runs work once they may. */
function gated() {
  const gate = Promise.withResolvers<void>();
  const script: MemoryScript = async function* (turn) {
    await gate.promise;
    yield* work(turn) as Iterable<MemoryStep>;
  };
  return { script, finish: () => gate.resolve() };
}

/** A git whose objects have no room while it is filled. A disk of its own for a test needs a privilege that not everybody has. */
async function gitOnFullDisk({ root }: Places) {
  const bin = join(root, 'bin');
  const [full, felt] = [join(root, 'full'), join(root, 'felt')];
  await mkdir(bin);
  const { stdout: real } = await run('which', ['git']);
  const script = `#!/bin/sh
case " $* " in *' reset '*|*' add '*|*' update-index '*|*' write-tree '*|*' commit-tree '*)
  if [ -e '${full}' ]; then
    : > '${felt}'
    echo 'error: unable to write file: No space left on device' >&2
    exit 128
  fi;;
esac
exec ${real.trim()} "$@"
`;
  await writeFile(join(bin, 'git'), script, { mode: 0o755 });
  return {
    environment: { PATH: `${bin}:${process.env['PATH']}` },
    fill: async () => {
      await rm(felt, { force: true });
      await writeFile(full, '');
    },
    isFelt: () => existsSync(felt),
    free: () => rm(full),
  };
}

async function submit(
  plane: ControlPlane,
  { workspace }: Places,
  over: Partial<SubmitRequest> = {},
  base?: string,
): Promise<TaskHandle> {
  const git = { git: workspace, worktree: true as const, ...(base === undefined ? {} : { base }) };
  return plane.submit({ prompt: 'go', workspace: git, retry, ...over });
}

async function patchOf(task: TaskHandle): Promise<string | undefined> {
  for await (const artifact of task.artifacts()) if (artifact.name === 'changes.patch') return textOf(artifact.body());
  return undefined;
}

describe('a task with a worktree', () => {
  it('works in one of its own, beside others and the checkout, and leaves its changes as a patch and a ref', async () => {
    await using places = await makePlaces();
    const repository = await repositoryIn(places);
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: work })], listen: true });
    await using client = await socketClient(places);
    const tasks = await Promise.all([submit(client, places), submit(plane, places, { prompt: 'other' })]);
    for (const task of tasks) expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(await readFile(join(repository, 'kept.txt'), 'utf8')).toBe('as it was\n');
    expect((await readdir(repository)).toSorted()).toEqual(['.git', '.gitignore', 'dirty.txt', 'kept.txt']);
    for (const task of tasks) {
      const { workspace, worktree } = await task.status();
      expect(workspace).toBe(repository);
      expect(worktree).toMatchObject({
        dir: join(places.dataDir, 'worktrees', task.id),
        branch: `runtime/${task.id}`,
        base: await git(repository, 'rev-parse', 'HEAD'),
        preserved: { ref: `refs/runtime/preserved/${task.id}/end`, changed: true },
      });
      expect(await readFile(join(worktree!.dir, 'kept.txt'), 'utf8')).toBe('changed\n');
      const { ref, commit } = worktree!.preserved!;
      expect(await git(repository, 'rev-parse', ref)).toBe(commit);
      expect(await git(repository, 'show', `${ref}:made.txt`)).toBe(task === tasks[0] ? 'go' : 'other');
      const patch = await patchOf(task);
      expect(patch).toContain('+changed\n');
      expect(patch).toContain('diff --git a/made.txt b/made.txt\nnew file mode 100644');
    }
    const types = typesOf(await eventsOf(plane, tasks[0].id));
    expect(types.indexOf('worktree.added')).toBeLessThan(types.indexOf('run.starting'));
    expect(types.slice(-3)).toEqual(['worktree.preserved', 'artifact.stored', 'task.ended']);
  });

  it('begins from what was asked for, as it was when the task was submitted, and delivers from its worktree', async () => {
    await using places = await makePlaces();
    const repository = await repositoryIn(places);
    await git(repository, 'tag', 'v1');
    await git(repository, 'commit', '-qam', 'second', '--allow-empty');
    const second = await git(repository, 'rev-parse', 'HEAD');
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: work })] });
    const check = { command: ['test', '-e', 'made.txt'], maxRounds: 0 };
    const task = await submit(plane, places, { deliverables: [{ glob: 'made.txt' }], check, key: 'k' }, 'v1');
    await git(repository, 'tag', '-f', 'v1', second);
    expect((await submit(plane, places, { deliverables: [{ glob: 'made.txt' }], check, key: 'k' }, 'v1')).id).toBe(
      task.id,
    );
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect((await task.status()).worktree?.base).toBe(await git(repository, 'rev-parse', `${second}~1`));
  });

  it('changes nothing and keeps no patch where its agent changed nothing', async () => {
    await using places = await makePlaces();
    await repositoryIn(places);
    await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
    const task = await submit(plane, places);
    await task.outcome();
    expect((await task.status()).worktree?.preserved).toMatchObject({ changed: false });
    expect(await patchOf(task)).toBeUndefined();
  });

  it.each([
    ['a directory that is no repository', { git: '.', worktree: true }, 'git repository'],
    ['a base that is none', { git: 'repo', worktree: true, base: 'nope' }, 'nope'],
    ['a base that looks like an option', { git: 'repo', worktree: true, base: '--help' }, '--help'],
    ['a path that is not there', { git: 'none', worktree: true }, 'does not exist'],
    ['a worktree that is none', { git: 'repo', worktree: false }, 'worktree'],
  ])('is refused with %s', async (_, asked, message) => {
    await using places = await makePlaces();
    const repo = join(places.workspace, 'repo');
    await mkdir(repo);
    await repositoryIn({ ...places, workspace: repo });
    await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
    const workspace = { ...asked, git: join(places.workspace, asked.git) } as never;
    await expect(plane.submit({ prompt: 'go', workspace })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    const plain = plane.submit({ prompt: 'go', workspace: places.workspace, onRestart: 'restore' });
    await expect(plain).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await plane.tasks()).toEqual([]);
  });

  it('ends with the reason where its worktree cannot be made', async () => {
    await using places = await makePlaces();
    const repository = await repositoryIn(places);
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })] });
    const holder = await plane.submit({ prompt: 'x', workspace: repository });
    // It waits for nobody: the worktree is another directory. So the branch is in its way.
    const before = await submit(plane, places, { prompt: 'first' });
    await expect.poll(async () => (await before.status()).status).toBe('running');
    await before.cancel();
    await before.outcome();
    await rename(join(repository, '.git'), join(repository, '.git-away'));
    await expect(submit(plane, places)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await rename(join(repository, '.git-away'), join(repository, '.git'));
    await breakFilters(repository);
    const task = await submit(plane, places);
    expect(await task.outcome()).toMatchObject({ status: 'failed', message: expect.stringContaining('worktree') });
    await holder.cancel();
    await holder.outcome();
  });
});

describe('a worktree that cannot be made', () => {
  it('takes no trial of its runtime away from the others', async () => {
    await using places = await makePlaces();
    const repository = await repositoryIn(places);
    await breakFilters(repository);
    await openBreaker(places, 'memory');
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: work })] });
    const task = await submit(plane, places);
    expect(await task.outcome()).toMatchObject({ status: 'failed', message: expect.stringContaining('worktree') });
    const other = await plane.submit({ prompt: 'go', workspace: repository });
    expect(await other.outcome()).toEqual({ status: 'succeeded' });
    expect(typesOf(await eventsOf(plane, other.id))).not.toContain('attempt.scheduled');
  });

  it('is given up at the deadline of its task', async () => {
    await using places = await makePlaces();
    const repository = await repositoryIn(places);
    await git(repository, 'config', 'filter.slow.smudge', 'sleep 60');
    await writeFile(join(repository, '.gitattributes'), '*.txt filter=slow\n');
    await git(repository, 'add', '.gitattributes');
    await git(repository, 'commit', '-qm', 'filter');
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: work })] });
    const task = await submit(plane, places, { deadlineMs: 1_000 });
    expect(await task.outcome()).toMatchObject({ status: 'timed_out' });
    expect(typesOf(await eventsOf(plane, task.id))).not.toContain('worktree.added');
    expect(await readdir(join(places.dataDir, 'worktrees'))).toEqual([]);
  });
});

it('the git of a task is looked up as its agent is, also where its owner was started without one', async () => {
  await using places = await makePlaces();
  const repository = await repositoryIn(places);
  const environment = { PATH: process.env['PATH'] ?? '' };
  const adapter = memoryRuntime({ script: work });
  await using plane = await openPlane(places, { adapters: [adapter], environment: { PATH: places.root } });
  const task = await submit(plane, places, { environment });
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  expect(await patchOf(task)).toContain('+changed');
  expect(await git(repository, 'rev-parse', `refs/runtime/preserved/${task.id}/end`)).toMatch(/^[0-9a-f]{40}$/);
  await expect(submit(plane, places)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

describe('a full disk', () => {
  it('is waited for before the first run and at the end', async () => {
    await using places = await makePlaces();
    await repositoryIn(places);
    const { environment, fill, isFelt, free } = await gitOnFullDisk(places);
    const { script, finish } = gated();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script })] });
    await fill();
    const waiting = await submit(plane, places, { environment });
    await expect
      .poll(() => waiting.status())
      .toMatchObject({
        waitingFor: { kind: 'disk', text: expect.stringContaining('No space left') },
      });
    await waiting.cancel();
    expect(await waiting.outcome()).toEqual({ status: 'cancelled' });
    await free();
    const task = await submit(plane, places, { environment });
    await seen(plane, task.id, 'turn.started');
    await fill();
    finish();
    await expect.poll(isFelt).toBe(true);
    await expect
      .poll(() => task.status())
      .toMatchObject({ waitingFor: { kind: 'disk', text: expect.stringContaining('No space left') } });
    await free();
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(await patchOf(task)).toContain('+changed');
  });

  it('is not waited for by a task that is cancelled: what is in its worktree stays there', async () => {
    await using places = await makePlaces();
    await repositoryIn(places);
    const { environment, fill, isFelt } = await gitOnFullDisk(places);
    const { script, finish } = gated();
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script })] });
    const task = await submit(plane, places, { environment });
    await seen(plane, task.id, 'turn.started');
    await fill();
    finish();
    await expect.poll(isFelt).toBe(true);
    await task.cancel();
    await task.outcome();
    const refused = (await eventsOf(plane, task.id)).find(({ type }) => type === 'artifact.refused');
    expect(refused).toMatchObject({ name: 'changes.patch', message: expect.stringContaining('No space left') });
    expect(existsSync(join((await task.status()).worktree!.dir, 'made.txt'))).toBe(true);
  });
});

describe('a run that starts over', () => {
  /** Fails once, after it has written, and says what it finds the next time. */
  const script: MemoryScript = ({ text }) => {
    const isFirst = !text.includes('an earlier attempt') && !existsSync(flag);
    if (!isFirst)
      return [
        { do: 'write', path: 'second.txt', text },
        { do: 'say', text: 'done' },
      ];
    return [
      { do: 'write', path: 'first.txt', text: 'half' },
      { do: 'write', path: flag, text: 'x' },
      { do: 'tool', name: 'x' },
      { do: 'exit', exit: { kind: 'signaled', signal: 'SIGKILL' } },
    ];
  };
  let flag = '';

  async function begin(places: Places, onRestart: SubmitRequest['onRestart']) {
    await repositoryIn(places);
    flag = join(places.root, 'flag');
    const adapter = memoryRuntime({ script, capabilities: { resume: 'none' } });
    const plane = await openPlane(places, { adapters: [adapter] });
    const task = await submit(plane, places, { ...(onRestart ? { onRestart } : {}), recovery: 'auto' });
    return { plane, task, outcome: await task.outcome() };
  }

  it('finds what the one before left, and is told', async () => {
    await using places = await makePlaces();
    const { plane, task, outcome } = await begin(places, undefined);
    expect(outcome).toEqual({ status: 'succeeded' });
    const patch = await patchOf(task);
    expect(patch).toContain('first.txt');
    expect(patch).toContain('an earlier attempt');
    await plane.close();
  });

  it('finds the base again where the task asks for that, and what was there is preserved', async () => {
    await using places = await makePlaces();
    const { plane, task, outcome } = await begin(places, 'restore');
    expect(outcome).toEqual({ status: 'succeeded' });
    const patch = await patchOf(task);
    expect(patch).toContain('second.txt');
    expect(patch).not.toContain('first.txt');
    expect(patch).not.toContain('an earlier attempt');
    const types = typesOf(await eventsOf(plane, task.id));
    expect(types).toContain('worktree.restored');
    const kept = await git(places.workspace, 'show', `refs/runtime/preserved/${task.id}/run-1:first.txt`);
    expect(kept).toBe('half');
    await plane.close();
  });

  it('does not start where the task refuses that', async () => {
    await using places = await makePlaces();
    const { plane, task, outcome } = await begin(places, 'refuse');
    expect(outcome).toMatchObject({ status: 'failed' });
    expect((await task.status()).runs).toHaveLength(1);
    expect(await patchOf(task)).toContain('first.txt');
    await plane.close();
  });
});

describe('the worktree of a removed task', () => {
  it('goes, with its branch, and a ref keeps what was in it, also what came after the end', async () => {
    await using places = await makePlaces();
    const repository = await repositoryIn(places);
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: work })] });
    const task = await submit(plane, places);
    await task.outcome();
    const { worktree } = await task.status();
    await writeFile(join(worktree!.dir, 'late.txt'), 'mine, after the end\n');
    await task.remove();
    expect(existsSync(worktree!.dir)).toBe(false);
    expect(await git(repository, 'branch', '--list')).toBe('* main');
    expect(await git(repository, 'worktree', 'list')).not.toContain(task.id);
    const released = [];
    for await (const event of plane.events({ follow: false }))
      if (event.type === 'worktree.released') released.push(event);
    expect(released).toMatchObject([{ taskId: task.id, dir: worktree!.dir }]);
    const ref = `refs/runtime/preserved/${task.id}/end`;
    expect(await git(repository, 'rev-parse', ref)).toBe(released[0]!['commit']);
    expect(await git(repository, 'show', `${ref}:late.txt`)).toBe('mine, after the end');
    expect(await git(repository, 'show', `${ref}:made.txt`)).toBe('go');
  });

  it('stays, with the task, while something in it cannot be preserved', async () => {
    await using places = await makePlaces();
    await repositoryIn(places);
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: work })] });
    const [task, other] = [await submit(plane, places), await submit(plane, places)];
    for (const each of [task, other]) await each.outcome();
    const { worktree } = await task.status();
    const nested = join(worktree!.dir, 'nested');
    await mkdir(nested);
    await git(nested, 'init', '-q');
    await writeFile(join(nested, 'x'), 'x');
    await expect(task.remove()).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('nested') });
    const report = await plane.prune({ keep: 0 });
    expect(report).toMatchObject({
      taskIds: [other.id],
      kept: [{ taskId: task.id, why: expect.stringContaining('nested') }],
    });
    expect(await plane.prune({ keep: 0 }), 'also where it is the only one').toMatchObject({
      tasks: 0,
      kept: [{ taskId: task.id }],
    });
    expect(await task.status()).toMatchObject({ status: 'succeeded' });
    expect(existsSync(join(nested, 'x'))).toBe(true);
  });

  it('is nothing to wait for where repository and files are gone', async () => {
    await using places = await makePlaces();
    const repository = await repositoryIn(places);
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: work })] });
    const task = await submit(plane, places);
    await task.outcome();
    const { worktree } = await task.status();
    await rename(join(repository, '.git'), join(places.root, 'git-away'));
    await expect(task.remove()).rejects.toMatchObject({ hint: expect.anything() });
    await rename(worktree!.dir, join(places.root, 'files-away'));
    expect(await task.remove()).toMatchObject({ tasks: 1 });
  });
});

const deaths = ['worktree.before', 'worktree.made', 'worktree.kept', 'worktree.preserved', 'worktree.restored'];

it.each(deaths)('an owner that dies at %s is followed by one that goes on, and nothing is lost', async (death) => {
  await using places = await makePlaces();
  const repository = await repositoryIn(places);
  const flag = join(places.root, 'flag');
  const script: MemoryScript = () =>
    existsSync(flag)
      ? [
          { do: 'write', path: 'second.txt', text: 'whole' },
          { do: 'say', text: 'done' },
        ]
      : [
          { do: 'write', path: 'first.txt', text: 'half' },
          { do: 'write', path: flag, text: 'x' },
          { do: 'exit', exit: { kind: 'signaled', signal: 'SIGKILL' } },
        ];
  const adapter = memoryRuntime({ script, capabilities: { resume: 'none' } });
  let isDead = false;
  const died = Promise.withResolvers<void>();
  const failpoint = (name: string): void => {
    isDead ||= name === death;
    if (!isDead) return;
    died.resolve();
    throw new Error(`killed at ${death}`);
  };
  const plane = await openPlane(places, { adapters: [adapter], failpoint });
  const task = await submit(plane, places, { onRestart: 'restore' });
  await died.promise;
  await plane.close();
  await using next = await openPlane(places, { adapters: [adapter] });
  const again = next.task(task.id);
  expect(await again.outcome()).toEqual({ status: 'succeeded' });
  const patch = await patchOf(again);
  expect(patch).toContain('second.txt');
  expect(patch).not.toContain('first.txt');
  expect(await git(repository, 'show', `refs/runtime/preserved/${task.id}/run-1:first.txt`)).toBe('half');
  const types = typesOf(await eventsOf(next, task.id));
  expect(types.filter((type) => type === 'worktree.added')).toHaveLength(1);
  const { worktree } = await again.status();
  await again.remove();
  expect(existsSync(worktree!.dir)).toBe(false);
  expect(await git(repository, 'show', `refs/runtime/preserved/${task.id}/end:second.txt`)).toBe('whole');
  expect(await git(repository, 'branch', '--list')).toBe('* main');
});

it('what an owner began that died goes, where its task ends before it would be made again', async () => {
  await using places = await makePlaces();
  const repository = await repositoryIn(places);
  const adapter = memoryRuntime({ script: work });
  const died = Promise.withResolvers<void>();
  const failpoint = (name: string): void => {
    if (name !== 'worktree.made') return;
    died.resolve();
    throw new Error('killed');
  };
  const plane = await openPlane(places, { adapters: [adapter], failpoint });
  const task = await submit(plane, places, { deadlineMs: 3_600_000 });
  await died.promise;
  await plane.close();
  const later = { wall: () => Date.now() + 7_200_000, monotonic: () => performance.now() };
  await using next = await openPlane(places, { adapters: [adapter], clocks: later });
  const again = next.task(task.id);
  expect(await again.outcome()).toMatchObject({ status: 'timed_out' });
  await again.remove();
  expect(await readdir(join(places.dataDir, 'worktrees'))).toEqual([]);
  expect(await git(repository, 'branch', '--list')).toBe('* main');
});

it.each(['remove.before', 'remove.recorded', 'worktree.released', 'remove.runs', 'remove.log'])(
  'an owner that dies at %s of a removal is followed by one that ends it, worktree and all',
  async (death) => {
    await using places = await makePlaces();
    const repository = await repositoryIn(places);
    const adapter = memoryRuntime({ script: work });
    let isDying = false;
    const failpoint = (name: string): void => {
      if (isDying && name === death) throw new Error(`killed at ${death}`);
    };
    const plane = await openPlane(places, { adapters: [adapter], failpoint });
    const task = await submit(plane, places);
    await task.outcome();
    const { worktree } = await task.status();
    isDying = true;
    await expect(task.remove()).rejects.toThrow();
    await plane.close();
    await using next = await openPlane(places, { adapters: [adapter] });
    if (death === 'remove.before') {
      expect(await readFile(join(worktree!.dir, 'made.txt'), 'utf8')).toBe('go\n');
      await next.task(task.id).remove();
    }
    await expect(next.task(task.id).status()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect.poll(() => existsSync(worktree!.dir)).toBe(false);
    await expect.poll(() => git(repository, 'branch', '--list')).toBe('* main');
    expect(await git(repository, 'show', `refs/runtime/preserved/${task.id}/end:made.txt`)).toBe('go');
  },
);
