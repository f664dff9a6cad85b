import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMarked } from '@runtime/adapter-kit/process';
import { type ScenarioInput, startModelServer } from '@runtime/conformance/model-server';
import type { ControlPlane, TaskHandle, TaskStreamEvent } from '@runtime/contracts';
import type { StoredEvent } from '@runtime/contracts/log';
import { verifyLog } from '@runtime/event-log';
import { expect } from 'vitest';
import { assertPiInstalled, makePiHome, pinnedPiBin } from '../../src/pinned-pi.ts';
import { openPlane, type PlaneSetup } from './plane.ts';
import { expectSoundStream } from './sound.ts';

/**
 * One test's own: a model server with its scenario, a home for Pi, a workspace, a data directory. Closing it proves
 * that nothing is left.
 */
export async function openStage(scenario: ScenarioInput) {
  assertPiInstalled();
  const root = await mkdtemp(join(tmpdir(), 'e2e-pi-'));
  const server = await startModelServer({ scenario });
  const workspace = join(root, 'workspace');
  const starts = join(root, 'starts');
  await mkdir(workspace);
  const setup: PlaneSetup = {
    dataDir: join(root, 'data'),
    workspace,
    command: [await countingPi(root, starts)],
    environment: await makePiHome(join(root, 'home'), server.url),
  };
  let open: ControlPlane | undefined;
  const close = async (): Promise<void> => {
    await open?.close();
    await server.close();
    await rm(root, { recursive: true, force: true });
  };
  return {
    server,
    setup,
    root,
    workspace,
    open: async () => (open = await openPlane(setup)),
    read: (name: string) => readFile(join(workspace, name), 'utf8'),
    /** Run ids, one for each time that Pi was started to work. */
    starts: async () => (await readFile(starts, 'utf8').catch(() => '')).split('\n').filter(Boolean),
    [Symbol.asyncDispose]: close,
  };
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** Pi behind a script that writes down each start for work, so that no test has to believe the log alone. */
async function countingPi(root: string, starts: string): Promise<string> {
  const path = join(root, 'counting-pi');
  const script = `#!/bin/sh\ncase " $* " in *" --mode rpc "*) printf '%s\\n' "$RUNTIME_RUN_ID" >> '${starts}' ;; esac\nexec '${pinnedPiBin}' "$@"\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

/** The first event of this type, as it happens; throws when the task ends without one. */
export async function firstOf<T extends TaskStreamEvent['type']>(
  task: TaskHandle,
  type: T,
): Promise<Extract<TaskStreamEvent, { type: T }>> {
  for await (const event of task.events())
    if (event.type === type) return event as Extract<TaskStreamEvent, { type: T }>;
  throw new Error(`the task ended without ${type}`);
}

/** Waits for the end and returns the stream, having checked everything that must always hold. */
export async function finish(stage: Stage, task: TaskHandle): Promise<TaskStreamEvent[]> {
  const events: TaskStreamEvent[] = [];
  for await (const event of task.events()) events.push(event);
  expectSoundStream(events);
  const started = await stage.starts();
  expect(started.length, 'no run was started twice').toBe(new Set(started).size);
  for (const runId of runsOf(events)) expect(await findMarked(runId), `no process of ${runId} is left`).toEqual([]);
  expect((await verifyLog({ dir: join(stage.setup.dataDir, 'log') })).problems).toEqual([]);
  return events;
}

export const typesOf = (events: readonly StoredEvent[]): string[] => events.map(({ type }) => type);

export const runsOf = (events: readonly TaskStreamEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'run.starting' ? [event.runId] : []));

export const textOf = (events: readonly TaskStreamEvent[]): string =>
  events.flatMap((event) => (event.type === 'message.completed' ? [event.text] : [])).join('|');
