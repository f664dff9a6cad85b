import { abortable, type CallOptions } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { areGone } from '../process/are-gone.ts';
import { removeCgroup } from '../process/cgroup.ts';
import { forgetEnded, noteEnded, straysOfEnded } from '../process/ended-trees.ts';
import { hasGroup, type ProcessIdentity } from '../process/identity.ts';
import { endTree, killTree } from '../process/kill-tree.ts';
import { awaitRecord } from './await-record.ts';
import { clearRun } from './clear-run.ts';
import { exists, shutOut } from './inspect-run.ts';
import { runPaths, type RunPlace } from './run-paths.ts';
import { readExitRecord, readHolderRecord, type HolderRecord } from './run-record.ts';
import { describeLeaked, treeOf } from './run-tree.ts';

/** Options of `stopRun`. */
export interface StopRunOptions extends CallOptions {
  /** Time between TERM and KILL, in ms; 0 kills at once. @default 5000; 1000 for `reapRun` */
  readonly graceMs?: number;
}

/** Options of `reapRun`. */
export interface ReapRunOptions extends StopRunOptions {
  /** Names in the run's directory that nothing reads again once the run has ended, as for `clearRun`. @default none */
  readonly leftovers?: readonly string[];
}

/**
 * Ends a run: sends TERM to its processes, waits `graceMs`, then kills them. The holder records the exit and goes last.
 * Resolves with the recorded exit once no process of the run is left. Repeatable, and at once for a run that ended.
 * The exit names what the agent seems to have left and what was not ended, because nothing proves that it is the run's.
 * A run that never began is shut out, so that it cannot begin later. Aborting `signal` stops the waiting, not the
 * ending.
 * Throws OUTCOME_UNKNOWN when a process is left, CANCELLED.
 */
export async function stopRun(place: RunPlace, { graceMs = 5000, signal }: StopRunOptions = {}): Promise<Exit> {
  return abortable(endRun(place, graceMs), signal);
}

/**
 * As `stopRun`, with a shorter grace and no exit: for an adapter's `reap`. Of a run that has ended, what nothing reads
 * again is removed.
 */
export async function reapRun(place: RunPlace, options: ReapRunOptions = {}): Promise<void> {
  const { graceMs = 1000, signal, leftovers } = options;
  const reap = async (): Promise<void> => {
    await endProcesses(place, graceMs);
    await clearRun(place, leftovers);
  };
  await abortable(reap(), signal);
}

/** How long the holder of an ended agent is waited for before anything else: it has a file to make durable. */
const leaveMs = 50;

async function endRun(place: RunPlace, graceMs: number): Promise<Exit> {
  const ended = await endProcesses(place, graceMs);
  if (!ended) return neverBegun;
  const leaked = await describeLeaked(ended.strays);
  return {
    ...(await recordedExit(place, ended.hadHolder)),
    ...(leaked.length > 0 ? { leaked: [...leaked] } : {}),
  };
}

interface Ended {
  readonly strays: readonly ProcessIdentity[];
  /** A holder record was found. */
  readonly hadHolder: boolean;
}

/** Resolves once no process of the run is left; with undefined when it never had a holder. */
async function endProcesses(place: RunPlace, graceMs: number): Promise<Ended | undefined> {
  let record = await readHolderRecord(place.runDir);
  if (!record) {
    const isShut = await shutOut(place);
    // Its log is made before a holder is started: without it there never was one, and there is nothing to look for.
    if (isShut && !(await exists(runPaths(place.runDir).holderLog))) return undefined;
    // A holder with the claim may have written it meanwhile.
    record = await readHolderRecord(place.runDir);
  }
  return { strays: await endTreeOf(place, record, graceMs), hadHolder: record !== undefined };
}

async function endTreeOf(
  place: RunPlace,
  record: HolderRecord | undefined,
  graceMs: number,
): Promise<readonly ProcessIdentity[]> {
  const known = record && straysOfEnded({ ...place, beginning: record.holder });
  if (known) return known;
  const tree = await treeOf(place, record);
  const strays: ProcessIdentity[] = [];
  const isHeld = record !== undefined && (await holds(place, record.holder));
  if (isHeld) {
    const ended = await endTree({ ...tree, graceMs, spare: [record.holder] });
    strays.push(...ended.strays);
    await awaitRecord(place, record.holder);
    // It has started nothing since, but for what is in its own group, where no agent ever is.
    const isGone = await areGone([record.holder], 0);
    if (ended.isProven && isGone && !hasGroup(record.holder.pid)) noteEnded(tree, strays);
  }
  // What is left now is what an ended agent left, a holder that hangs, or one that has the claim and no record yet.
  const identities = [...(tree.identities ?? []), ...(record ? [record.holder] : [])];
  strays.push(...(await killTree({ ...tree, identities, graceMs: isHeld || !record ? 0 : graceMs })));
  // While something is dying in it, it stays for a later reap.
  if (tree.cgroup !== undefined && !(await removeCgroup(tree.cgroup))) forgetEnded(tree);
  return strays;
}

/** Whether a holder is there still. One that has recorded the exit is about to go, and then needs not to be spared. */
async function holds(place: RunPlace, holder: ProcessIdentity): Promise<boolean> {
  if (await areGone([holder], 0)) return false;
  return (await readExitRecord(place.runDir)) === undefined || !(await areGone([holder], leaveMs));
}

/**
 * How a run without processes ended, as its records say. Without an exit record it is unknown, with the reason:
 * `hasHolder`, that a holder record was found. Throws UNAVAILABLE when they cannot be read.
 */
export async function recordedExit({ runDir }: RunPlace, hasHolder: boolean): Promise<Exit> {
  const recorded = await readExitRecord(runDir);
  if (recorded) return recorded.exit;
  if (hasHolder) return { kind: 'unknown', why: 'the holder is gone and recorded no exit' };
  // Only a directory that is there proves that nobody wrote into it.
  return (await exists(runDir)) ? neverBegun : { kind: 'unknown', why: 'the run directory is not there' };
}

const neverBegun: Exit = { kind: 'unknown', why: 'no agent was ever begun' };
