import { join } from 'node:path';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { formatFileName, segmentName, segmentNumbers } from './format/file-names.ts';
import { listIfThere } from './fs/files.ts';
import type { LogFile, LogFs } from './fs/log-fs.ts';
import { nodeFs } from './fs/node-fs.ts';
import { systemFailure } from './fs/system-failure.ts';
import { besideRewrites } from './recover/beside-rewrites.ts';
import { gatherHistory, missingHistory, type History } from './recover/history.ts';
import { lastingClaim, scanSegment } from './recover/scan-segment.ts';
import { SegmentHeaders } from './recover/segment-headers.ts';
import { LogState } from './state/log-state.ts';
import { Problems } from './state/problems.ts';

/** A place in the log where something is wrong: a file in the log's directory, and a byte offset in it. */
export interface VerifyProblem {
  readonly file: string;
  readonly offset: number;
  readonly problem: string;
}

/** What `verifyLog` found. */
export interface VerifyReport {
  /** The log's id, as in its cursors. */
  readonly logId: string;
  /** How many segment files there are. */
  readonly segments: number;
  /** How many events were read, those of an unfinished batch not counted. */
  readonly events: number;
  /** How many streams have events. */
  readonly streams: number;
  /** How many times the log was opened for writing. */
  readonly epochs: number;
  /** The last position of the last whole batch. */
  readonly head: number;
  /** The bytes of all segments, line feeds written ahead included. */
  readonly bytes: number;
  /** What is damaged, in the order of the log; the first thousand problems. Empty for a healthy log. */
  readonly problems: readonly VerifyProblem[];
  /**
   * Bytes after the last whole batch. Beside a live writer that is normal; otherwise a write was interrupted, and the
   * next opening sets its bytes aside.
   */
  readonly unfinished: VerifyProblem | undefined;
}

/** Which log is verified. */
export interface VerifyOptions {
  /** The log's directory. */
  readonly dir: string;
  /** The file system; the type is in `@runtime/event-log/testing`. @default the file system of this machine */
  readonly fs?: LogFs;
  /** What proves that the log has events, as in `EventLogOptions`. @default undefined: the directory may be new */
  readonly expectsHistory?: string | undefined;
  /** Ends the verification before the next segment: CANCELLED, or DEADLINE_EXCEEDED for a timeout. */
  readonly signal?: AbortSignal;
}

const maxProblems = 1000;

/**
 * Reads every line of every segment and checks it: checksum, order of positions and revisions, whole batches, epochs.
 * Uses no checkpoint and changes nothing. Works beside a live writer, up to its last whole batch. Memory grows with the
 * number of streams, not of events.
 * Damage, and what is missing, is in the report. Throws NOT_FOUND when there is no log, CANCELLED when `signal` aborts,
 * PERMISSION_DENIED or UNAVAILABLE for a file that cannot be read.
 */
export async function verifyLog(options: VerifyOptions): Promise<VerifyReport> {
  try {
    return await verify(options);
  } catch (error) {
    throw systemFailure(error, `verify the log in ${options.dir}`);
  }
}

function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { fs = nodeFs(), dir } = options;
  return besideRewrites(
    fs,
    dir,
    () => verifyOnce(fs, options),
    ({ problems }) => problems.length > 0,
  );
}

async function verifyOnce(fs: LogFs, { dir, signal, expectsHistory }: VerifyOptions): Promise<VerifyReport> {
  const verifier = new Verifier(fs, dir, signal);
  const history = await verifier.readHistory(expectsHistory);
  const numbers = segmentNumbers(await listIfThere(fs, dir));
  if (numbers.length === 0 && history.proofs.length === 0)
    throw new AgentRuntimeError('NOT_FOUND', `there is no log in ${dir}`, {
      hint: 'pass the directory that holds the segments',
    });
  await verifier.readSegments(new SegmentHeaders(fs, dir, numbers));
  verifier.checkHistory(history, numbers);
  return verifier.report(numbers.length);
}

/** What is read of a segment. */
interface SegmentPart {
  readonly state: LogState;
  readonly isLast: boolean;
  /** How many bytes of it count, where the next segment says so. */
  readonly to: number | undefined;
}

class Verifier {
  readonly #fs: LogFs;
  readonly #dir: string;
  readonly #signal: AbortSignal | undefined;
  readonly #state = new LogState();
  readonly #problems: VerifyProblem[] = [];
  #bytes = 0;
  #unfinished: VerifyProblem | undefined;

  constructor(fs: LogFs, dir: string, signal: AbortSignal | undefined) {
    this.#fs = fs;
    this.#dir = dir;
    this.#signal = signal;
  }

  async readHistory(expected: string | undefined): Promise<History> {
    try {
      return await gatherHistory(this.#fs, this.#dir, new Problems(undefined), expected);
    } catch (error) {
      if (!AgentRuntimeError.isInstance(error) || error.code !== 'DATA_CORRUPT') throw error;
      this.#problems.push({ file: formatFileName, offset: 0, problem: error.rawMessage });
      return { format: { format: 'runtime-event-log', version: 1, first: 1 }, proofs: [] };
    }
  }

  async readSegments(headers: SegmentHeaders): Promise<void> {
    const last = await headers.lastWhole();
    const missing = await headers.missing();
    for (const number of headers.numbers) {
      for (const gone of missing) {
        if (gone === number - 1) this.#problems.push({ file: segmentName(gone), offset: 0, problem: 'missing' });
      }
      const to = number < last ? await headers.endOf(number) : undefined;
      // Nothing in it counts: its writer was replaced before it could begin it.
      if (to === 0) continue;
      const state = number > last ? new LogState() : this.#state;
      await this.#readSegment(number, { state, isLast: number >= last, to });
    }
  }

  checkHistory(history: History, numbers: readonly number[]): void {
    // Damage that was found already explains it.
    if (this.#problems.length > 0) return;
    const missing = missingHistory(history, this.#state, numbers);
    if (missing) {
      const { file, problem, by } = missing;
      this.#problems.push({ file, offset: 0, problem: `${problem}: known from ${by}` });
    } else if (!history.format && this.#state.position > 0) {
      this.#problems.push({ file: formatFileName, offset: 0, problem: 'is missing' });
    }
  }

  async #readSegment(number: number, part: SegmentPart): Promise<void> {
    const file = await this.#fs.open(join(this.#dir, segmentName(number)), 'read');
    try {
      this.#bytes += await file.size();
      let from = await this.#readFrom(file, segmentName(number), undefined, part);
      while (from !== undefined && this.#problems.length < maxProblems) {
        from = await this.#readFrom(file, segmentName(number), from, part);
      }
    } finally {
      await file.close();
    }
  }

  report(segments: number): VerifyReport {
    const { logId, events, index, epochs, position } = this.#state;
    return {
      logId,
      segments,
      events,
      streams: [...index.names('')].length,
      epochs: epochs.last,
      head: position,
      bytes: this.#bytes,
      problems: this.#problems,
      unfinished: this.#unfinished,
    };
  }

  /**
   * Reads up to the next damage, from the start or from where the last damage ended. Returns where to go on; undefined
   * at the end.
   */
  async #readFrom(
    file: LogFile,
    name: string,
    resumeAt: number | undefined,
    { state, isLast, to }: SegmentPart,
  ): Promise<number | undefined> {
    throwIfAborted(this.#signal);
    const part = { from: resumeAt ?? 0, ...(to === undefined ? {} : { to }) };
    const scan = await scanSegment(file, state, { ...part, resync: resumeAt !== undefined });
    if (!scan.damage) return undefined;
    const { offset, problem: what, at } = scan.damage;
    const problem = { file: name, offset, problem: what };
    const claimed =
      isLast && scan.claimed > scan.end && resumeAt === undefined
        ? await lastingClaim(file, scan.end, at)
        : scan.claimed;
    if (isLast && claimed <= scan.end) {
      this.#unfinished = problem;
      return undefined;
    }
    this.#problems.push(problem);
    return scan.nextValid;
  }
}
