import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { segmentName, segmentNumbers } from '../format/file-names.ts';
import { listIfThere } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { indexCheckpoint, type Checkpoint } from '../state/checkpoint.ts';
import { LogState } from '../state/log-state.ts';
import type { Problems } from '../state/problems.ts';
import { besideRewrites } from './beside-rewrites.ts';
import { CheckpointReads, type SegmentFiles } from './checkpoint-reads.ts';
import { formatError, readFormatFile } from './format-file.ts';
import { assertWhole, gatherHistory, type History } from './history.ts';
import { lastingClaim, scanSegment, type Scan, type ScanOptions } from './scan-segment.ts';
import { SegmentHeaders } from './segment-headers.ts';
import { tornTail, type TornTail } from './torn-tail.ts';

/** A log as its files hold it. */
export interface LoadedLog {
  readonly state: LogState;
  readonly history: History;
  /** What interrupted writes left: at the end of the last segment with lines, and in segments after it. */
  readonly torn: readonly TornTail[];
  /** The number of the last segment with lines; 0 when there is none. */
  readonly lastNumber: number;
  /** The number of the last segment's file; 0 when there is none. */
  readonly lastFile: number;
}

export interface LoadOptions {
  readonly fs: LogFs;
  readonly dir: string;
  readonly problems: Problems;
  /** Another process may be writing, so an unfinished end is no problem. */
  readonly live: boolean;
  /** What proves that the log has events, in words; undefined where it may be empty. */
  readonly expectsHistory?: string | undefined;
}

/**
 * Reads the log's directory without changing it: segments by their checkpoints, the last one whole where it has none.
 * Throws DATA_CORRUPT for damage that is no torn tail and for a history of which a part is missing, UNSUPPORTED for a
 * newer format.
 */
export function loadLog(options: LoadOptions): Promise<LoadedLog> {
  // Nobody rewrites the log of a writer but itself.
  return options.live ? besideRewrites(options.fs, options.dir, () => loadOnce(options)) : loadOnce(options);
}

async function loadOnce(options: LoadOptions): Promise<LoadedLog> {
  const { fs, dir, problems, expectsHistory } = options;
  const history = await gatherHistory(fs, dir, problems, expectsHistory);
  const numbers = segmentNumbers(await listIfThere(fs, dir));
  const headers = new SegmentHeaders(fs, dir, numbers);
  const [missing] = await headers.missing();
  if (missing !== undefined) throw missingSegment(missing);
  const lastNumber = await headers.lastWhole();
  const loader = new Loader(options, headers, lastNumber);
  const { state, torn } = await loader.load();
  assertWhole(dir, history, state, numbers);
  // The first opening writes FORMAT last: what it left half done holds no event. One that went on beside this reader may
  // have written it since.
  if (!history.format && state.position > 0 && !(await readFormatFile(fs, dir))) throw formatError(dir, 'missing');
  return { state, history, torn, lastNumber, lastFile: numbers.at(-1) ?? 0 };
}

class Loader {
  readonly #options: LoadOptions;
  readonly #headers: SegmentHeaders;
  readonly #lastNumber: number;
  readonly #state = new LogState();
  readonly #torn: TornTail[] = [];

  constructor(options: LoadOptions, headers: SegmentHeaders, lastNumber: number) {
    this.#options = options;
    this.#headers = headers;
    this.#lastNumber = lastNumber;
  }

  async load(): Promise<Pick<LoadedLog, 'state' | 'torn'>> {
    const { fs, dir } = this.#options;
    const { numbers } = this.#headers;
    const checkpoints = new CheckpointReads(
      fs,
      dir,
      numbers.filter((number) => number <= this.#lastNumber),
    );
    try {
      for (const [order, number] of numbers.entries()) {
        const found = await checkpoints.read(order);
        if (number < this.#lastNumber) await this.#loadClosed(number, found);
        else if (!this.#takesLast(found)) await this.#loadLast(number);
      }
    } finally {
      await checkpoints.settle();
    }
    return { state: this.#state, torn: this.#torn };
  }

  async #loadClosed(number: number, { checkpoint, size }: SegmentFiles): Promise<void> {
    const { problems, live } = this.#options;
    if (checkpoint && (await this.#fits(checkpoint, size)) && takeOver(this.#state, checkpoint)) return;
    const to = await this.#headers.endOf(number);
    if (to === 0) return;
    const before = this.#state.segment;
    tornTail(await this.#scan(number, this.#state, to === undefined ? {} : { to }), number, false);
    if (!this.#state.segment || this.#state.segment === before) return;
    if (!live) problems.add({ file: segmentName(number), problem: 'no usable checkpoint', action: 'read whole' });
  }

  /** Of a last segment nothing says which bytes count but its own lines, so a longer file has to be read. */
  #takesLast({ checkpoint, size }: SegmentFiles): boolean {
    return checkpoint?.size === size && takeOver(this.#state, checkpoint);
  }

  /** A longer file has bytes that do not count, if the next segment says so. */
  async #fits({ segment, size }: Checkpoint, fileSize: number): Promise<boolean> {
    return size === fileSize || (size < fileSize && size === (await this.#headers.endOf(segment)));
  }

  /** A segment that was begun after the last one with lines adds nothing to the state. */
  async #loadLast(number: number): Promise<void> {
    const { live } = this.#options;
    const state = number === this.#lastNumber ? this.#state : new LogState();
    const torn = tornTail(await this.#scan(number, state, { eager: live }), number, true);
    if (torn) this.#torn.push(torn);
  }

  async #scan(number: number, state: LogState, options: ScanOptions): Promise<Scan> {
    const { fs, dir } = this.#options;
    const file = await fs.open(join(dir, segmentName(number)), 'read');
    try {
      const scan = await scanSegment(file, state, options);
      return options.eager && scan.damage
        ? { ...scan, claimed: await lastingClaim(file, scan.end, scan.damage.at) }
        : scan;
    } finally {
      await file.close();
    }
  }
}

/** Takes over a segment from its checkpoint. False when the checkpoint does not fit: then the segment must be read. */
function takeOver(state: LogState, checkpoint: Checkpoint): boolean {
  // Of a pruned log, the header of the first segment says more than the checkpoint.
  if (!state.segment && checkpoint.base > 0) return false;
  if (state.segment && checkpoint.logId !== state.logId) return false;
  if (checkpoint.base !== state.position && !(state.segment?.sparse && checkpoint.base > state.position)) return false;
  state.logId = checkpoint.logId;
  state.adopt(indexCheckpoint(state.index, checkpoint));
  return true;
}

function missingSegment(number: number): AgentRuntimeError {
  return new AgentRuntimeError('DATA_CORRUPT', `${segmentName(number)} is missing`, {
    hint: 'restore the file from a copy; nothing was changed',
    details: { file: segmentName(number), offset: 0 },
  });
}
