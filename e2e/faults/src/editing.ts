/** Tasks that edit in worktrees of their own, end, are removed, and whose artifacts are collected, all at once. */
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AgentRuntimeError, type ControlPlane, type RunOutcome, type TaskView } from '@runtime/contracts';
import { connectControlPlane } from '@runtime/control-plane';
import { expect } from 'vitest';
import type { Desk } from './cli.ts';

/** Writes what it was asked for, a file of its own and one that is large enough to be stored by itself. */
const script = 'cat > asked.txt; echo changed > kept.txt; head -c 100000 /dev/zero | tr "\\0" x > large.txt; echo done';
const definitions = { editor: { adapter: 'local', options: { command: ['sh', '-c', script], prompt: 'stdin' } } };

/** A random generator with a seed. */
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

/** The workspace of a desk as a repository with a commit, and something that is not committed. */
export async function editing(desk: Desk): Promise<Editing> {
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
  return new Editing(desk, git, before);
}

/** What was asked for, and what was said of it. */
export class Editing {
  /** By task. */
  readonly prompts = new Map<string, string>();
  /** By task; of those that are gone as well. */
  readonly outcomes = new Map<string, RunOutcome>();
  /** Whose removal was asked for. */
  readonly asked = new Set<string>();
  readonly removed = new Set<string>();
  readonly git: (...args: string[]) => Promise<string>;
  readonly #desk: Desk;
  readonly #before: string;
  readonly #random: () => number;
  /** For messages. */
  readonly story: string;

  constructor(desk: Desk, git: (...args: string[]) => Promise<string>, before: string) {
    this.#desk = desk;
    this.git = git;
    this.#before = before;
    const seed = Math.floor(Math.random() * 1e9);
    this.#random = randomFrom(seed);
    this.story = `seed ${seed}`;
  }

  /**
   * Works until a moment at which the plane is to die, then lets it, and waits until everything is over. The first round
   * comes to its end, so that those that follow have something to remove; every second one removes something.
   */
  async round(plane: ControlPlane, round: number, die: () => Promise<void>): Promise<void> {
    const removal = Promise.withResolvers<void>();
    let count = 0;
    const working = this.work(plane, round, () => {
      count += 1;
      if (count === 2) removal.resolve();
    });
    if (round === 1) await working;
    else if (round % 2 === 0) await Promise.race([removal.promise, working]);
    await sleep(this.#random() * 800);
    await die();
    await working;
    await plane.close();
  }

  /** Everything at once; it settles when it is over or the plane is. */
  async work(plane: ControlPlane, round: number, isRemoved = (): void => undefined): Promise<void> {
    const victims = [...this.outcomes.keys()].filter((id) => !this.removed.has(id)).slice(0, -2);
    await Promise.allSettled([
      ...[1, 2, 3].map((n) => this.#submit(plane, `task ${round}.${n}`)),
      ...victims.map((id) => this.#remove(plane, id).then(isRemoved)),
      plane.collectGarbage(),
      sleep(50).then(() => plane.collectGarbage()),
    ]);
  }

  async #submit(plane: ControlPlane, prompt: string): Promise<void> {
    const task = await plane.submit({
      prompt,
      definitions,
      runtimes: ['editor'],
      workspace: { git: this.#desk.workspace, worktree: true },
      deliverables: [{ glob: 'asked.txt' }, { glob: 'large.txt' }],
    });
    this.prompts.set(task.id, prompt);
    this.outcomes.set(task.id, await task.outcome());
  }

  async #remove(plane: ControlPlane, id: string): Promise<void> {
    this.asked.add(id);
    await plane
      .task(id)
      .remove()
      .catch((error: unknown) => {
        // The one before had got further than anybody was told.
        if (!AgentRuntimeError.isInstance(error) || error.code !== 'NOT_FOUND') throw error;
      });
    this.removed.add(id);
  }

  /**
   * Waits for all tasks, and looks whether what was acknowledged is so: what ended is there, whole for `expectWhole`;
   * what was removed is not, but for what its ref preserves; and nothing was removed unasked.
   */
  async expectAcknowledged(
    plane: ControlPlane,
    expectWhole: (view: TaskView, prompt: string) => Promise<void>,
  ): Promise<void> {
    const { story } = this;
    for (const [id, prompt] of this.prompts) {
      const task = plane.task(id);
      // What a killed owner had begun goes on; what it was asked for and had not begun may never be.
      const outcome = await task.outcome().catch(() => undefined);
      const isThere = outcome !== undefined;
      if (outcome) this.outcomes.set(id, outcome);
      if (isThere) await expectWhole(await task.status(), prompt);
      if (this.removed.has(id)) expect(isThere, `${prompt} was removed, ${story}`).toBe(false);
      if (!this.asked.has(id)) expect(isThere, `${prompt} was never to be removed, ${story}`).toBe(true);
      const isDone = this.outcomes.get(id)?.status === 'succeeded';
      if (isDone && !isThere) await this.expectPreserved(id, prompt);
    }
  }

  /** Of one that succeeded. */
  async expectArtifacts(plane: ControlPlane, id: string, prompt: string): Promise<void> {
    const texts = new Map<string, string>();
    for await (const artifact of plane.task(id).artifacts()) texts.set(artifact.name, await textOf(artifact.body()));
    expect(texts.get('asked.txt'), this.story).toBe(prompt);
    expect(texts.get('large.txt'), this.story).toHaveLength(100_000);
    expect(texts.get('changes.patch'), this.story).toContain(`+${prompt}\n`);
  }

  /** What was asked for is in the repository: at the end of the task, if not at its removal. */
  async expectPreserved(id: string, prompt: string): Promise<void> {
    const commits = (await this.git('log', '--format=%H', `refs/runtime/preserved/${id}/end`)).split('\n');
    const texts = await Promise.all(commits.map((commit) => this.git('show', `${commit}:asked.txt`).catch(() => '')));
    expect(texts, this.story).toContain(prompt);
  }

  /** Removes all tasks but the newest two, and looks whether nothing else is left behind, and nothing of the user's is changed. */
  async expectTidy(plane: ControlPlane): Promise<readonly TaskView[]> {
    const { story } = this;
    const desk = this.#desk;
    expect(this.removed.size, story).toBeGreaterThan(1);
    await plane.prune({ keep: 2 });
    await plane.collectGarbage();
    const left = await plane.tasks();
    expect(left, story).toHaveLength(2);
    expect((await readdir(join(desk.dataDir, 'worktrees'))).toSorted()).toEqual(left.map(({ id }) => id).toSorted());
    expect(await readdir(join(desk.dataDir, 'runs'))).toHaveLength(left.flatMap(({ runs }) => runs).length);
    expect((await plane.collectGarbage({ dryRun: true })).removed).toBe(0);
    expect(await this.git('status', '--porcelain'), story).toBe(this.#before);
    expect((await this.git('branch', '--list', 'runtime/*')).split('\n'), story).toHaveLength(2);
    await this.git('fsck', '--strict', '--no-dangling');
    for (const args of [['verify'], ['artifacts', 'verify']]) {
      const { code, stdout } = await desk.run(args);
      expect(code, `${story}: ${stdout}`).toBe(0);
    }
    return left;
  }
}

/** The plane of a desk, in an owner of its own. */
export async function serve(desk: Desk): Promise<ControlPlane> {
  const { code, stderr } = await desk.run(['serve', '--detach']);
  expect(code, stderr).toBe(0);
  return connectControlPlane({ dataDir: desk.dataDir });
}
