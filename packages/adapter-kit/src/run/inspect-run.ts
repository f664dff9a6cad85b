import { mkdir, open, stat } from 'node:fs/promises';
import { AgentRuntimeError, systemCode, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { isAlive } from '../process/identity.ts';
import { findMarked } from '../process/marked.ts';
import { platformSupport } from '../process/platform.ts';
import { watchChanges } from '../source/watch-changes.ts';
import { runPaths, type RunPlace } from './run-paths.ts';
import { readExitRecord, readHolderRecord, type HolderRecord } from './run-record.ts';

/** What can be proven about a run from outside. */
export type RunInspection =
  /** The run never began and never will: this call has the claim. */
  | { readonly state: 'absent' }
  /** The holder is alive and has recorded no exit yet. */
  | { readonly state: 'live'; readonly holder: HolderRecord }
  /** The exit was recorded. Processes that the agent left behind may still run: see `reapRun`. */
  | {
      readonly state: 'ended';
      readonly holder?: HolderRecord;
      readonly exit: Exit;
      /** False when the command could not be executed at all; the reason is in stderr.log. */
      readonly began: boolean;
      /** Unix ms. */
      readonly endedAt: number;
    }
  /** The holder is gone and recorded no exit; none is made up. Without a holder record the agent never executed. */
  | { readonly state: 'dead'; readonly holder?: HolderRecord }
  | { readonly state: 'unknowable'; readonly reason: string };

/** Options of `inspectRun`. */
export interface InspectOptions extends CallOptions {
  /**
   * How long to wait for a holder that has the claim but no record yet, in ms. @default 5000: hundreds of times what a
   * holder needs
   */
  readonly waitMs?: number;
}

/**
 * Claims a run: only the maker of the claim may begin the agent, and no holder can, however late it comes. For adapters
 * that begin a run without `startHolder`; otherwise use `inspectRun` or `shutOut`.
 * True when this call, or an earlier one that shut the run out, has the claim; false when a holder has it.
 * Throws NOT_FOUND when there is no run directory, in which no holder could make a claim either, and UNAVAILABLE when
 * the claim cannot be made.
 */
export async function claimRun({ runDir }: RunPlace): Promise<boolean> {
  const paths = runPaths(runDir);
  try {
    if (!(await makeDirectory(paths.claim))) return await exists(paths.shut);
    // A crash between the two leaves a claim without a maker: later looks answer `dead`, which costs an attempt and is
    // never wrong.
    await (await open(paths.shut, 'wx', 0o600)).close();
    return true;
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
    throw new AgentRuntimeError('NOT_FOUND', `there is no run directory ${runDir}`, { cause });
  }
}

/** False when there is one already. */
async function makeDirectory(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Finds out what became of a run, from its directory and the processes of this machine. Never guesses.
 * The look has an effect: an unclaimed run is claimed, so that it cannot begin any more, and the answer is `absent`
 * from then on.
 * Throws UNAVAILABLE when it cannot look, CANCELLED when `signal` aborts; a claim that was taken stays taken.
 */
export async function inspectRun(place: RunPlace, options: InspectOptions = {}): Promise<RunInspection> {
  const recorded = await readRecorded(place.runDir);
  if (recorded) return recorded;
  try {
    if (await claimRun(place)) return { state: 'absent' };
  } catch (error) {
    if (isNotFound(error)) return { state: 'unknowable', reason: 'the run directory is not there' };
    throw error;
  }
  return awaitLateHolder(place, options);
}

/** What the records prove; undefined when there is no holder record. */
async function readRecorded(runDir: string): Promise<RunInspection | undefined> {
  const holder = await readHolderRecord(runDir);
  // Liveness is looked at before the exit: a holder that ended in between has written its exit by then.
  const alive = holder !== undefined && (await isAlive(holder.holder));
  const ended = await readExitRecord(runDir);
  if (ended) {
    const { began, exit, endedAt } = ended;
    return { state: 'ended', began, exit, endedAt, ...(holder ? { holder } : {}) };
  }
  if (!holder) return undefined;
  return { state: alive ? 'live' : 'dead', holder };
}

/** A holder has the claim and is about to write its record, or died in between. */
async function awaitLateHolder(place: RunPlace, { signal, waitMs = 5000 }: InspectOptions): Promise<RunInspection> {
  const deadline = performance.now() + waitMs;
  const changes = watchChanges(place.runDir, 50);
  try {
    for (;;) {
      throwIfAborted(signal);
      // The processes first: one that ends in between has left its record, or never will.
      const marked = await findMarked(place.runId, signal ? { signal } : {});
      const recorded = await readRecorded(place.runDir);
      if (recorded) return recorded;
      if (marked.length === 0 && platformSupport().markerScan) return afterClaim(place);
      if (performance.now() >= deadline) {
        return { state: 'unknowable', reason: 'the run is claimed, and its holder has written no record' };
      }
      await changes.next(signal);
    }
  } finally {
    changes.close();
  }
}

/** No holder is there: one that gave its claim back leaves it to this call, one that died keeps it. */
async function afterClaim(place: RunPlace): Promise<RunInspection> {
  return (await claimRun(place)) ? { state: 'absent' } : { state: 'dead' };
}

/**
 * Claims a run that has not begun, so that it cannot begin any more. True when it is shut out: no holder has the claim.
 * A run without a directory needs no claim. Throws UNAVAILABLE.
 */
export async function shutOut(place: RunPlace): Promise<boolean> {
  try {
    return await claimRun(place);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return false;
  }
}

function isNotFound(error: unknown): boolean {
  return AgentRuntimeError.isInstance(error) && error.code === 'NOT_FOUND';
}

/**
 * Whether the run's directory is where it was. One that is not may have been moved, with the data directory that it
 * lies in, and then the run is its next owner's: an adapter that was not asked to ends nothing of it. `reapRun` does in
 * either case.
 */
export const isInPlace = ({ runDir }: RunPlace): Promise<boolean> => exists(runDir);

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
