import { join } from 'node:path';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { segmentName, segmentNumbers } from './format/file-names.ts';
import { listIfThere } from './fs/files.ts';
import type { LogFile, LogFs } from './fs/log-fs.ts';
import { nodeFs } from './fs/node-fs.ts';
import { lastingClaim, scanSegment } from './recover/scan-segment.ts';
import { LogState } from './state/log-state.ts';

/** A place in the log where something is wrong. */
export interface VerifyProblem {
  readonly file: string;
  readonly offset: number;
  readonly problem: string;
}

/** What `verifyLog` found. */
export interface VerifyReport {
  readonly logId: string;
  readonly segments: number;
  readonly events: number;
  readonly streams: number;
  /** How many times the log was opened for writing. */
  readonly epochs: number;
  /** The last whole batch's last position. */
  readonly head: number;
  /** What was read, line feeds written ahead included. */
  readonly bytes: number;
  /** In order; the first thousand. */
  readonly problems: readonly VerifyProblem[];
  /** Bytes after the last whole batch: normal beside a live writer; otherwise a torn write, which the next opening sets aside. */
  readonly unfinished: VerifyProblem | undefined;
}

export interface VerifyOptions {
  readonly dir: string;
  /** @default nodeFs() */
  readonly fs?: LogFs;
  readonly signal?: AbortSignal;
}

const maxProblems = 1000;

/**
 * Reads every line of every segment and checks it: checksum, order of positions and revisions, whole batches, epochs. Uses no checkpoint and changes nothing.
 * Works beside a live writer, up to its last whole batch. Memory is bounded by streams, not by events.
 * Throws NOT_FOUND when there is no log; damage is in the report.
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

  /** Reads up to the next damage, from the start or from where the last one ended. Returns where to go on; undefined at the end. */
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
