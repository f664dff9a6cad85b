import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, killTree, removeCgroup, signalProcess, type ProcessIdentity } from '@runtime/adapter-kit/process';
import {
  awaitRecord,
  describeLeaked,
  recordedExit,
  shutOut,
  treeOf,
  type RunPlace,
  type RunTree,
} from '@runtime/adapter-kit/run';
import { wakeReaders } from '@runtime/adapter-kit/source';
import { systemCode } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { endMarkBytes } from './holder/holder-script.ts';
import { readRecorders } from './screen/recorder.ts';
import { hasEndMark } from './screen/recording-tail.ts';
import { isThere, readLaunchRecord, readTmuxHolder, refuseMoved, tmuxRunFiles, type TmuxHolder } from './run-files.ts';

/** How long the last output may take through tmux. A stopped server never delivers it. */
const drainMs = 2000;
const leaveMs = 1000;

/**
 * Ends a run: sends TERM to the agent's processes, waits `graceMs`, then kills them. Holder and server record the exit
 * and the last output, and go last. Resolves with the recorded exit once no process of the run is left; it names what
 * the agent seems to have left and what was not ended, because nothing proves that it is the run's. Repeatable.
 * Throws OUTCOME_UNKNOWN when a process is left.
 */
export async function endRun(place: RunPlace, graceMs: number): Promise<Exit> {
  await shutOut(place);
  const holder = await readTmuxHolder(place.runDir);
  const strays = holder ? await endAgent(place, holder, graceMs) : await endEverything(place);
  const leaked = await describeLeaked(strays);
  return {
    ...(await recordedExit(place, holder !== undefined)),
    ...(leaked.length > 0 ? { leaked: [...leaked] } : {}),
  };
}

type Strays = readonly ProcessIdentity[];

async function endAgent(place: RunPlace, holder: TmuxHolder, graceMs: number): Promise<Strays> {
  const spare = await machinery(place.runDir, holder);
  const strays = await killTree({ ...(await treeOfTmux(place, holder)), spare, graceMs });
  await awaitRecord(place, holder.holder, true);
  if (await isAlive(holder.server)) await awaitEndMark(place.runDir);
  await releaseTerminal(place.runDir);
  return [...strays, ...(await endEverything(place))];
}

/**
 * Kills every process of the run, whatever its state, and removes its socket. Resolves with the strays of `killTree`.
 */
export async function endEverything(place: RunPlace): Promise<Strays> {
  const isShut = await shutOut(place);
  // Written before anything is started: without it there is nothing to look for.
  if (isShut && !(await isThere(tmuxRunFiles(place.runDir).record))) return [];
  const holder = await readTmuxHolder(place.runDir);
  const tree = await treeOfTmux(place, holder);
  const machines = holder ? await machinery(place.runDir, holder) : [];
  const strays = await killTree({ ...tree, identities: [...(tree.identities ?? []), ...machines], graceMs: 0 });
  if (tree.cgroup !== undefined) await removeCgroup(tree.cgroup);
  await removeTraces(place.runDir);
  // Where the run's directory is gone, nothing else tells them.
  wakeReaders();
  return strays;
}

/** The run's first process is its server, which the holder is a child of. */
async function treeOfTmux(place: RunPlace, holder: TmuxHolder | undefined): Promise<RunTree> {
  const tree = await treeOf(place, holder);
  return holder ? { ...tree, beginning: holder.server } : tree;
}

/**
 * Releases the holder, and the server with it; background processes of the agent are not touched. For a run whose exit
 * was read.
 * A holder or server that does not end by itself is killed.
 */
export async function releaseTerminal(runDir: string): Promise<void> {
  const holder = await readTmuxHolder(runDir);
  if (!holder) return;
  const all = await machinery(runDir, holder);
  await writeRelease(tmuxRunFiles(runDir).release);
  const deadline = performance.now() + leaveMs;
  let left = all;
  while (left.length > 0 && performance.now() < deadline) {
    await delay(5);
    left = await living(left);
  }
  for (const identity of left) await signalProcess(identity, 'SIGKILL');
  await removeTraces(runDir);
}

/**
 * Ends an agent whose terminal is gone: its output cannot be recorded and nothing can be typed any more.
 * Throws UNAVAILABLE where it is the run's directory that is gone.
 */
export async function endOrphans(place: RunPlace): Promise<void> {
  const holder = await readTmuxHolder(place.runDir);
  await refuseMoved(place);
  // The holder first: it must not record this kill as the agent's own exit.
  if (holder) await signalProcess(holder.holder, 'SIGKILL');
  await endEverything(place);
}

/** The holder, the server and the recorder with its shell, as far as they are known. */
async function machinery(runDir: string, { holder, server }: TmuxHolder): Promise<ProcessIdentity[]> {
  return [holder, server, ...(await readRecorders(runDir))];
}

async function living(identities: readonly ProcessIdentity[]): Promise<ProcessIdentity[]> {
  const alive = await Promise.all(identities.map((identity) => isAlive(identity)));
  return identities.filter((_, index) => alive[index]);
}

async function writeRelease(fifo: string): Promise<void> {
  try {
    // ENXIO without a reader instead of waiting for one.
    const handle = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      if ((await handle.stat()).isFIFO()) await handle.write('\n');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    // Gone already, or not reachable: then it is killed.
  }
}

async function removeTraces(runDir: string): Promise<void> {
  const record = await readLaunchRecord(runDir);
  const { environment } = tmuxRunFiles(runDir);
  await Promise.all([...(record ? [record.socket] : []), environment].map((file) => rm(file, { force: true })));
}

/** Waits until the recording is complete, or for as long as that may take. */
export async function awaitEndMark(runDir: string): Promise<void> {
  const record = await readLaunchRecord(runDir);
  if (!record) return;
  const mark = endMarkBytes(record.nonce);
  const deadline = performance.now() + drainMs;
  while (performance.now() < deadline) {
    if (await hasEndMark(tmuxRunFiles(runDir).recording, mark)) return;
    await delay(5);
  }
}
