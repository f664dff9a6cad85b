import { join } from 'node:path';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { segmentName, segmentNumbers } from './format/file-names.ts';
import { listIfThere } from './fs/files.ts';
import type { LogFile, LogFs } from './fs/log-fs.ts';
import { nodeFs } from './fs/node-fs.ts';
import { lastingClaim, scanSegment } from './recover/scan-segment.ts';
import { LogState } from './state/log-state.ts';

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
  /** Ends the verification before the next segment: CANCELLED, or DEADLINE_EXCEEDED for a timeout. */
  readonly signal?: AbortSignal;
}

const maxProblems = 1000;

/**
 * Reads every line of every segment and checks it: checksum, order of positions and revisions, whole batches, epochs.
 * Uses no checkpoint and changes nothing. Works beside a live writer, up to its last whole batch. Memory grows with the
 * number of streams, not of events.
 * Damage is in the report. Throws NOT_FOUND when there is no log, CANCELLED when `signal` aborts; errors of the file
 * system pass as they are.
 */
export async function verifyLog(options: VerifyOptions): Promise<VerifyReport> {
  const { fs = nodeFs(), dir, signal } = options;
  const numbers = segmentNumbers(await listIfThere(fs, dir));
  if (numbers.length === 0)
    throw new AgentRuntimeError('NOT_FOUND', `there is no log in ${dir}`, {
      hint: 'pass the directory that holds the segments',
    });
  const verifier = new Verifier(fs, dir, signal);
  for (const [order, number] of numbers.entries()) await verifier.readSegment(number, order === numbers.length - 1);
  return verifier.report(numbers.length);
}

class Verifier {
  readonly #fs: LogFs;
  readonly #dir: string;
  readonly #signal: AbortSignal | undefined;
  readonly #state = new LogState();
  readonly #problems: VerifyProblem[] = [];
  #previous = 0;
  #bytes = 0;
  #unfinished: VerifyProblem | undefined;

  constructor(fs: LogFs, dir: string, signal: AbortSignal | undefined) {
    this.#fs = fs;
    this.#dir = dir;
    this.#signal = signal;
  }

  async readSegment(number: number, isLast: boolean): Promise<void> {
    if (this.#previous > 0 && number !== this.#previous + 1) {
      this.#problems.push({ file: segmentName(this.#previous + 1), offset: 0, problem: 'missing' });
    }
    this.#previous = number;
    const file = await this.#fs.open(join(this.#dir, segmentName(number)), 'read');
    try {
      this.#bytes += await file.size();
      let from = await this.#readFrom(file, segmentName(number), undefined, isLast);
      while (from !== undefined && this.#problems.length < maxProblems) {
        from = await this.#readFrom(file, segmentName(number), from, isLast);
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
      streams: index.streams.size,
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
    isLast: boolean,
  ): Promise<number | undefined> {
    throwIfAborted(this.#signal);
    const scan = await scanSegment(file, this.#state, { from: resumeAt ?? 0, resync: resumeAt !== undefined });
    if (!scan.damage) return undefined;
    const problem = { file: name, ...scan.damage };
    const claimed =
      isLast && scan.claimed > scan.end && resumeAt === undefined ? await lastingClaim(file, scan.end) : scan.claimed;
    if (isLast && claimed <= scan.end) {
      this.#unfinished = problem;
      return undefined;
    }
    this.#problems.push(problem);
    return scan.nextValid;
  }
}
