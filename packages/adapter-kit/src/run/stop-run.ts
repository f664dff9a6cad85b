import { abortable, type CallOptions } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { killTree } from '../process/kill-tree.ts';
import { awaitRecord } from './await-record.ts';
import { shutOut } from './inspect-run.ts';
import type { RunPlace } from './run-paths.ts';
import { readExitRecord, readHolderRecord, type HolderRecord } from './run-record.ts';

/** Options of `stopRun` and `reapRun`. */
export interface StopRunOptions extends CallOptions {
  /** Time between TERM and KILL, in ms; 0 kills at once. @default 5000; 1000 for `reapRun` */
  readonly graceMs?: number;
}

/**
 * Ends a run: sends TERM to its processes, waits `graceMs`, then kills them. The holder records the exit and goes last.
 * Resolves with the recorded exit once no process of the run is left. Repeatable, and at once for a run that ended.
 * A run that never began is shut out, so that it cannot begin later. Aborting `signal` stops the waiting, not the
 * ending.
 * Throws OUTCOME_UNKNOWN when a process is left, CANCELLED.
 */
export async function stopRun(place: RunPlace, { graceMs = 5000, signal }: StopRunOptions = {}): Promise<Exit> {
  return abortable(endRun(place, graceMs), signal);
}

/**
 * As `stopRun`, with a shorter grace and no exit: for an adapter's `reap`.
 */
export async function reapRun(place: RunPlace, { graceMs = 1000, signal }: StopRunOptions = {}): Promise<void> {
  await abortable(endRun(place, graceMs), signal);
}

async function endRun(place: RunPlace, graceMs: number): Promise<Exit> {
  await shutOut(place);
  const record = await readHolderRecord(place.runDir);
  if (record) {
    await killTree({ ...treeOf(place, record), graceMs, spare: [record.holder] });
    await awaitRecord(place, record.holder);
  }
  // What is left now is a holder that hangs, or one that has the claim and no record yet.
  await killTree({ runId: place.runId, identities: record ? [record.holder] : [], graceMs: 0 });
  const exit = await readExitRecord(place.runDir);
  if (exit) return exit.exit;
  return { kind: 'unknown', why: record ? 'the holder is gone and recorded no exit' : 'no agent was ever begun' };
}

function treeOf({ runId }: RunPlace, { agent }: HolderRecord) {
  const { pgid, ...identity } = agent;
  return { runId, pgid, identities: [identity] };
}
