import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findMarked } from '@runtime/adapter-kit/process';
import { readExitRecord } from '@runtime/adapter-kit/run';
import type { SubmitRequest } from '@runtime/contracts';
import { describe, expect, inject, it } from 'vitest';
import { runtimeNames, type RuntimeName } from '../src/runtimes.ts';
import {
  eventsOf,
  expectNothingLost,
  hostEnd,
  makeScene,
  openHere,
  startHost,
  takeOver,
  type Scene,
} from '../src/scene.ts';

/** Looks until something is so, as long as the slowest machine may take. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 12_000; tries += 1) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error('it never came to be');
}

/** The run directory of the scene's only run. */
const runDirOf = (scene: Scene): Promise<string> =>
  until(async () => {
    const [run] = await readdir(join(scene.dataDir, 'runs'));
    return run === undefined ? undefined : join(scene.dataDir, 'runs', run);
  });

const noted = (runDir: string, kind: string): Promise<true> =>
  until(async () =>
    (await readFile(join(runDir, 'notes.jsonl'), 'utf8')).includes(`"kind":"${kind}"`) ? true : undefined,
  );

/** The agent is in its turn. */
async function begun(scene: Scene): Promise<void> {
  await until(async () => ((await readFile(scene.agent.starts, 'utf8')) === '' ? undefined : true));
  if (scene.runtime !== 'pi') return;
  const stdout = join(await runDirOf(scene), 'stdout.log');
  await until(async () => ((await readFile(stdout, 'utf8')).includes('tool_execution_end') ? true : undefined));
}

const withRequest = (scene: Scene, request: Partial<SubmitRequest>): Scene => ({
  ...scene,
  request: { ...scene.request, ...request },
});

async function kill(child: ReturnType<typeof startHost>): Promise<void> {
  const ended = hostEnd(child);
  child.kill('SIGKILL');
  await ended;
}

describe('an owner that is killed while it types the first prompt', () => {
  it('leaves a question, not silence', async () => {
    await using scene = await makeScene('typed');
    const child = startHost(scene);
    const runDir = await runDirOf(scene);
    await noted(runDir, 'typing');
    await kill(child);
    const asked = !(await readFile(join(runDir, 'notes.jsonl'), 'utf8')).includes('"kind":"typed"');
    await using plane = await openHere(scene);
    const task = await plane.submit(scene.request);
    for await (const event of task.events()) {
      if (event.type === 'task.ended') break;
      if (event.type !== 'approval.requested') continue;
      await task.answer(event.approvalId, { choice: 'restart' });
    }
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(plane, task.id);
    if (asked) expect(events.map(({ type }) => type)).toContain('approval.requested');
    await expectNothingLost(scene, events);
  });

  it('leaves a task that goes on by itself where it is told to', async () => {
    await using made = await makeScene('typed');
    const scene = withRequest(made, { recovery: 'restart' });
    const child = startHost(scene);
    await noted(await runDirOf(scene), 'typing');
    await kill(child);
    const { outcome, events } = await takeOver(scene);
    expect(outcome).toEqual({ status: 'succeeded' });
    await expectNothingLost(scene, events);
  });
});

/** A whole task takes so long here, its process included: limits are a multiple of it. */
let measured: Promise<number> | undefined;
async function measure(): Promise<number> {
  await using scene = await makeScene('pi');
  const begin = performance.now();
  await hostEnd(startHost(scene));
  return Math.ceil(performance.now() - begin);
}
const limitMs = async (): Promise<number> => 3000 + 4 * (await (measured ??= measure()));
const timeout = 240_000;

/** Ends by itself, or rests. */
async function finished(scene: Scene, runtime: RuntimeName): Promise<void> {
  const runDir = await runDirOf(scene);
  if (runtime === 'pi') {
    await until(async () =>
      (await readFile(join(runDir, 'stdout.log'), 'utf8')).includes('agent_settled') ? true : undefined,
    );
    return;
  }
  await until(() => readExitRecord(runDir));
}

describe.concurrent.each(runtimeNames)('a limit that passes on %s', (runtime) => {
  it.each(['runTimeoutMs', 'deadlineMs'])(
    '%s, while no owner lives: what was finished in time is finished',
    { timeout },
    async (name) => {
      await using made = await makeScene(runtime, { gate: 'go-on' });
      const ms = await limitMs();
      const scene = withRequest(made, { [name]: ms });
      const child = startHost(scene);
      await begun(scene);
      await kill(child);
      await writeFile(join(scene.workspace, 'go-on'), '');
      await finished(scene, runtime);
      await sleep(ms);
      const { outcome, events } = await takeOver(scene);
      expect(outcome).toEqual({ status: 'succeeded' });
      await expectNothingLost(scene, events);
    },
  );

  it('while its owner is stopped: what was finished in time is finished', { timeout }, async () => {
    await using made = await makeScene(runtime, { gate: 'go-on' });
    const ms = await limitMs();
    const scene = withRequest(made, { runTimeoutMs: ms });
    const child = startHost(scene);
    const ended = hostEnd(child);
    await begun(scene);
    child.kill('SIGSTOP');
    await writeFile(join(scene.workspace, 'go-on'), '');
    await finished(scene, runtime);
    await sleep(ms);
    child.kill('SIGCONT');
    expect((await ended).code).toBe(0);
    expect((await takeOver(scene)).outcome).toEqual({ status: 'succeeded' });
  });
});

describe.concurrent.each(['local', 'tmux'] as const)('an agent on %s that ended only after its limit', (runtime) => {
  it('is late, although nobody was there to see it', { timeout }, async () => {
    await using made = await makeScene(runtime, { gate: 'go-on' });
    const ms = await limitMs();
    const scene = withRequest(made, { runTimeoutMs: ms });
    const child = startHost(scene);
    await begun(scene);
    await kill(child);
    await sleep(ms);
    await writeFile(join(scene.workspace, 'go-on'), '');
    await finished(scene, runtime);
    const { outcome } = await takeOver(scene);
    expect(outcome).toMatchObject({ status: 'timed_out', code: 'timeout' });
  });
});

describe.concurrent.each(['typed', 'pi'] as const)('a limit that passes while an agent on %s gets ready', (runtime) => {
  it.each([
    ['runTimeoutMs', { runTimeoutMs: 1500 }],
    ['deadlineMs', { deadlineMs: 2500 }],
  ] as const)('%s is a timeout, and leaves no process', { timeout }, async (_name, limit) => {
    await using made = await makeScene(runtime, { neverReady: true });
    const scene = withRequest(made, limit);
    await using plane = await openHere(scene);
    const task = await plane.submit(scene.request);
    expect(await task.outcome({ signal: AbortSignal.timeout(50_000 * inject('slowness')) })).toMatchObject({
      status: 'timed_out',
    });
    const runs = (await task.status()).runs;
    expect(runs).toHaveLength(1);
    for (const { runId } of runs) expect(await findMarked(runId)).toEqual([]);
  });
});
