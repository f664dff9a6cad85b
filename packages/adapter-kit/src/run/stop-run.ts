import { setTimeout as delay } from 'node:timers/promises';
import type { CallOptions } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { abortable } from '@runtime/contracts';
import { isAlive } from '../process/identity.ts';
import { killTree } from '../process/kill-tree.ts';
import { shutOut } from './inspect-run.ts';
import type { RunPlace } from './run-paths.ts';
import { readExitRecord, readHolderRecord, type HolderRecord } from './run-record.ts';

export interface StopRunOptions extends CallOptions {
  /** Between TERM and KILL, in milliseconds; 0 kills at once. @default 5000 */
  readonly graceMs?: number;
}

/** What a holder needs to record an exit after the agent is gone; on a disk that is stuck it may take long. */
const recordMs = 5000;

/**
 * Ends a run: TERM to everything that belongs to it, `graceMs`, KILL; the holder is left to record the exit and goes
 * last.
 * Resolves with the exit as it was seen once no process of the run is left. Repeatable, and at once for one that ended
 * cleanly.
 * A run that never began is shut out, so that nothing can begin later. Aborting `signal` stops the waiting, not the
 * ending.
 * Throws OUTCOME_UNKNOWN when something is left.
 */
export async function stopRun(place: RunPlace, { graceMs = 5000, signal }: StopRunOptions = {}): Promise<Exit> {
  return abortable(endRun(place, graceMs), signal);
}

/**
 * Makes sure that no process of the run is left, whatever its state: what an adapter's `reap` does.
 * As `stopRun`, but with a short grace and nothing to tell.
 */
export async function reapRun(place: RunPlace, { graceMs = 1000, signal }: StopRunOptions = {}): Promise<void> {
  await abortable(endRun(place, graceMs), signal);
}

async function endRun(place: RunPlace, graceMs: number): Promise<Exit> {
  await shutOut(place);
  const record = await readHolderRecord(place.runDir);
  if (record) {
    await killTree({ ...treeOf(place, record), graceMs, spare: [record.holder] });
    await waitForHolder(record);
  }
  // A process that is left now is a holder that is stuck, or one that had the claim and no record yet.
  await killTree({ runId: place.runId, identities: record ? [record.holder] : [], graceMs: 0 });
  const exit = await readExitRecord(place.runDir);
  if (exit) return exit.exit;
  return { kind: 'unknown', why: record ? 'the holder is gone and recorded no exit' : 'no agent was ever begun' };
}

function treeOf({ runId }: RunPlace, { agent }: HolderRecord) {
  const { pgid, ...identity } = agent;
  return { runId, pgid, identities: [identity] };
}

/** The holder goes by itself once its record is durable. */
async function waitForHolder({ holder }: HolderRecord): Promise<void> {
  const deadline = performance.now() + recordMs;
  while (performance.now() < deadline && (await isAlive(holder))) await delay(5);
}
