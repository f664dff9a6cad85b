import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { checkpointName, checkpointNumbers, formatFileName, segmentName } from '../format/file-names.ts';
import { listIfThere } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { readCheckpointProof } from '../state/checkpoint.ts';
import type { Problems } from '../state/problems.ts';
import { Snapshots } from '../state/snapshots.ts';
import { readClaims } from '../state/claims.ts';
import type { LogState } from '../state/log-state.ts';
import { readFormatFile, type FormatFile } from './format-file.ts';

/** How far a log reached once, according to a file other than its segments. 0 where the file does not say. */
interface Proof {
  /** The file, relative to the log's directory, or what a caller knows. */
  readonly by: string;
  /** The log that it speaks of; undefined when it does not say. */
  readonly logId?: string;
  readonly segment: number;
  readonly epoch: number;
  readonly position: number;
}

/** What the files beside the segments prove. */
export interface History {
  readonly format: FormatFile | undefined;
  readonly proofs: readonly Proof[];
}

/** What is missing of a log. */
interface Missing {
  readonly file: string;
  readonly problem: string;
  readonly by: string;
}

/**
 * Gathers what is known of the log without its segments. To be called before the segments are listed: a live writer
 * makes nothing known before it is durable in a segment.
 * `expected` says in words why there must be an event.
 */
export async function gatherHistory(
  fs: LogFs,
  dir: string,
  problems: Problems,
  expected: string | undefined,
): Promise<History> {
  const format = await readFormatFile(fs, dir);
  const proofs: Proof[] = [];
  const none = { segment: 0, epoch: 0, position: 0 };
  if (format) proofs.push({ ...none, by: formatFileName, segment: format.first });
  const last = checkpointNumbers(await listIfThere(fs, dir)).at(-1);
  if (last !== undefined) {
    const by = checkpointName(last);
    const proof = await readCheckpointProof(fs, dir, last);
    proofs.push({ ...none, by, segment: proof?.next ? last + 1 : last });
    if (proof) proofs.push({ ...none, by, logId: proof.logId, position: proof.position });
  }
  for (const claim of await readClaims(fs, dir)) if (claim.extent) proofs.push({ by: claim.file, ...claim.extent });
  const snapshots = await new Snapshots(fs, dir, problems).positions();
  for (const snapshot of snapshots) proofs.push({ ...none, by: snapshot.file, ...snapshot });
  if (expected !== undefined) proofs.push({ ...none, by: expected, position: 1 });
  return { format, proofs };
}

/** What is missing of this log according to its history; undefined for a whole log. `numbers` are its segments. */
export function missingHistory(
  { format, proofs }: History,
  state: LogState,
  numbers: readonly number[],
): Missing | undefined {
  const first = format?.first ?? 1;
  if ((numbers[0] ?? first) > first) return { file: segmentName(first), problem: 'is missing', by: formatFileName };
  const next = (numbers.at(-1) ?? 0) + 1;
  for (const { by, logId, segment, epoch, position } of proofs) {
    if (state.logId !== '' && logId !== undefined && logId !== state.logId) continue;
    if (segment >= next || (next === 1 && position > 0)) return { file: segmentName(next), problem: 'is missing', by };
    if (position > state.position) {
      const problem = `ends at position ${state.position}, and the log had position ${position}`;
      return { file: segmentName(next - 1), problem, by };
    }
    if (epoch > state.epochs.last) {
      return { file: segmentName(next - 1), problem: `ends in epoch ${state.epochs.last}, not ${epoch}`, by };
    }
  }
  return undefined;
}

/** Throws DATA_CORRUPT when the history says that something is missing. */
export function assertWhole(dir: string, history: History, state: LogState, numbers: readonly number[]): void {
  const missing = missingHistory(history, state, numbers);
  if (!missing) return;
  const { file, problem, by } = missing;
  throw new AgentRuntimeError('DATA_CORRUPT', `${join(dir, file)} ${problem}: known from ${by}`, {
    hint: 'restore the files from a copy; to go on without the lost events, move the directory away as a whole',
    details: { file, offset: 0, provenBy: by, position: state.position },
  });
}
