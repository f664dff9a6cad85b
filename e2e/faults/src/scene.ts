import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findMarked, killTree } from '@runtime/adapter-kit/process';
import type { ControlPlane, RunOutcome, SubmitRequest } from '@runtime/contracts';
import type { StoredEvent } from '@runtime/contracts/log';
import { openControlPlane } from '@runtime/control-plane';
import { verifyLog } from '@runtime/event-log';
import { expect, inject } from 'vitest';
import type { HostPlan } from './host.ts';
import { scriptedRuntime, type AgentPlan, type RuntimeName } from './runtimes.ts';

const host = fileURLToPath(new URL('./host.ts', import.meta.url));

/** A data directory, a workspace and a scripted runtime, for one test. */
export async function makeScene(runtime: RuntimeName, more: Partial<AgentPlan> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'faults-'));
  const workspace = await mkdtemp(join(root, 'ws-'));
  const agent: AgentPlan = { starts: join(root, 'starts'), ...more };
  const request: SubmitRequest = {
    prompt: 'do it',
    workspace,
    key: 'the-task',
    retry: { maxAttempts: 4, baseDelayMs: 1, maxDelayMs: 5 },
  };
  return {
    root,
    workspace,
    runtime,
    agent,
    request,
    dataDir: join(root, 'data'),
    async [Symbol.asyncDispose]() {
      // A test that failed half way leaves a run on purpose alive: nobody is to find it later.
      for (const runId of await readdir(join(root, 'data', 'runs')).catch(() => []))
        await killTree({ runId, graceMs: 0 });
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
export type Scene = Awaited<ReturnType<typeof makeScene>>;

export function startHost(scene: Scene, dieAt?: HostPlan['dieAt']): ChildProcess {
  const plan: HostPlan = {
    dataDir: scene.dataDir,
    runtime: scene.runtime,
    agent: scene.agent,
    request: scene.request,
    ...(dieAt ? { dieAt } : {}),
  };
  const args = ['--disable-warning=ExperimentalWarning', '--conditions=@runtime/source', host, JSON.stringify(plan)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

export interface HostEnd {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly passed: readonly string[];
}

export async function hostEnd(child: ChildProcess): Promise<HostEnd> {
  let out = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (code, signal) => resolve([code, signal]));
  });
  const last = out.trim().split('\n').at(-1) ?? '';
  const passed: unknown = last.startsWith('{"passed"') ? JSON.parse(last).passed : [];
  return { code, signal, passed: Array.isArray(passed) ? passed.map(String) : [] };
}

export function openHere(scene: Scene): Promise<ControlPlane> {
  return openControlPlane({
    dataDir: scene.dataDir,
    adapters: [scriptedRuntime(scene.runtime, scene.agent)],
    tuning: { deltaWindowMs: 5, stopGraceMs: 2000 },
  });
}

/** A new plane takes over, and the task comes to its end: the same task, by its key. */
export async function takeOver(scene: Scene): Promise<{ outcome: RunOutcome; events: StoredEvent[] }> {
  await using plane = await openHere(scene);
  const task = await plane.submit(scene.request);
  try {
    const outcome = await task.outcome({ signal: AbortSignal.timeout(30_000 * inject('slowness')) });
    return { outcome, events: await eventsOf(plane, task.id) };
  } catch (cause) {
    const events = (await eventsOf(plane, task.id)).map((event) => JSON.stringify(event));
    throw new Error(`the task did not end:\n${events.join('\n')}`, { cause });
  }
}

export async function eventsOf(plane: ControlPlane, taskId: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of plane.task(taskId).events({ follow: false })) events.push(event);
  return events;
}

const runsOf = (events: readonly StoredEvent[]): string[] =>
  events.filter(({ type }) => type === 'run.starting').map((event) => String(event['runId']));

async function startsOf(scene: Scene): Promise<number> {
  const text = await readFile(scene.agent.starts, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '').length;
}

/** Nothing lost, nothing twice, nothing orphaned: what must hold whatever was killed, and when. */
export async function expectNothingLost(scene: Scene, events: readonly StoredEvent[]): Promise<void> {
  expect(events.filter(({ type }) => type === 'task.ended')).toHaveLength(1);
  expect(events.at(-1)?.type).toBe('task.ended');
  expect(events.map(({ revision }) => revision)).toEqual(events.map((_, index) => index + 1));
  const texts = new Map<string, string>();
  for (const event of events) {
    const id = `${String(event['runId'])}/${String(event['messageId'])}`;
    if (event.type === 'text.delta') texts.set(id, (texts.get(id) ?? '') + String(event['text']));
    if (event.type === 'message.completed') expect(texts.get(id) ?? '').toBe(event['text']);
  }
  for (const runId of runsOf(events)) expect(await findMarked(runId), `processes of ${runId}`).toEqual([]);
  expect((await verifyLog({ dir: join(scene.dataDir, 'log') })).problems).toEqual([]);
}

/** Every run started its agent once, but for those that provably never began. */
export async function expectOneStartPerRun(scene: Scene, events: readonly StoredEvent[]): Promise<void> {
  const absent = events.filter(
    (event) =>
      event.type === 'run.ended' &&
      JSON.stringify(event['outcome']).includes('"lost"') &&
      JSON.stringify(event['outcome']).includes('"unavailable"'),
  );
  expect(await startsOf(scene)).toBe(runsOf(events).length - absent.length);
}

/** What the agent said, over all its output. */
export function saidIn(events: readonly StoredEvent[]): string {
  return events
    .filter(({ type }) => type === 'output.delta' || type === 'text.delta')
    .map((event) => String(event['text']))
    .join('');
}
