import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { corruptLine } from '../format/decode-events.ts';
import { segmentName } from '../format/file-names.ts';
import { eachLine, Line, lineText, parseLine } from '../format/line.ts';
import {
  decodeHeader,
  encodeRecord,
  formatVersion,
  headerBytes,
  parseJson,
  systemRecordSchema,
} from '../format/records.ts';
import { readFileUpTo, removeIfThere, writeFully } from '../fs/files.ts';
import type { LogFile, LogFs } from '../fs/log-fs.ts';
import { readBlocks, type Block } from '../fs/read-blocks.ts';
import { scanSegment } from '../recover/scan-segment.ts';
import type { LogIndex, SegmentEntry } from '../state/log-index.ts';
import { LogState } from '../state/log-state.ts';
import { StreamNames } from '../state/stream-names.ts';

export interface RewriteOptions {
  readonly fs: LogFs;
  readonly dir: string;
  readonly logId: string;
  /** Events of these are left out. */
  readonly streams: ReadonlySet<string>;
  /** Asked between pieces of a file; throws to end the rewriting. */
  readonly goOn: () => void;
}

/** A segment that was written anew, beside those that it is to replace. */
export interface Rewritten {
  /** The name of its file so far. */
  readonly temporary: string;
  readonly index: LogIndex;
  readonly events: number;
  /** By how much it is shorter than the old ones together. */
  readonly bytes: number;
}

/**
 * Writes neighbouring closed segments anew as one, under a temporary name and durable: their lines as they are, without
 * those of the streams, without headers and `close` lines. It is read again before it is believed.
 * Throws DATA_CORRUPT for a damaged line.
 */
export async function rewriteSegments(group: readonly SegmentEntry[], options: RewriteOptions): Promise<Rewritten> {
  const { fs, dir, goOn } = options;
  const temporary = `.${segmentName(group.at(-1)?.number ?? 0)}.tmp`;
  const path = join(dir, temporary);
  const file = await fs.open(path, 'write');
  try {
    await file.truncate(0);
    const output = new Output(file);
    await output.write(await headerOf(group, options));
    const filter = new LineFilter(options.streams);
    for (const { number, end } of group) await copyKept(number, end, filter, output, options);
    await file.sync();
    const state = new LogState();
    goOn();
    const scan = await scanSegment(file, state);
    if (scan.damage || state.events !== filter.kept || scan.end !== output.length) {
      throw new AgentRuntimeError('INTERNAL', `${temporary} was not written as it was to be`, {
        hint: 'check the medium; nothing was changed',
        details: { offset: scan.damage?.offset, problem: scan.damage?.problem },
      });
    }
    const before = group.reduce((sum, { end }) => sum + end, 0);
    return { temporary, index: state.index, events: filter.removed, bytes: before - output.length };
  } catch (error) {
    // The next removal takes away what this one cannot.
    await removeIfThere(fs, path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

/** It begins where the first one began, and has the number of the last: the one after it names that. */
async function headerOf(group: readonly SegmentEntry[], { fs, dir, logId }: RewriteOptions): Promise<Buffer> {
  const [first] = group;
  const last = group.at(-1);
  if (!first || !last) throw new Error('no segment to write anew');
  const name = segmentName(first.number);
  const bytes = await readFileUpTo(fs, join(dir, name), headerBytes);
  const header = bytes && decodeHeader(bytes);
  if (!header) throw corruptLine(name, 0);
  const { epoch, previous = { segment: 0, end: 0 } } = header;
  return encodeRecord(
    {
      log: 'segment',
      version: formatVersion,
      logId,
      segment: last.number,
      epoch,
      base: first.base,
      previous,
      time: header['time'],
      sparse: true,
      rewrites: Math.max(...group.map(({ rewrites }) => rewrites)) + 1,
    },
    0,
  );
}

async function copyKept(
  number: number,
  end: number,
  filter: LineFilter,
  output: Output,
  { fs, dir, goOn }: RewriteOptions,
): Promise<void> {
  const name = segmentName(number);
  const file = await fs.open(join(dir, name), 'read');
  try {
    for await (const block of readBlocks(file, 0, end)) {
      goOn();
      await output.write(filter.keptOf(block, name));
    }
  } finally {
    await file.close();
  }
}

class Output {
  length = 0;
  readonly #file: LogFile;

  constructor(file: LogFile) {
    this.#file = file;
  }

  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    await writeFully(this.#file, bytes, this.length);
    this.length += bytes.length;
  }
}

/** Takes the lines out that do not stay. */
class LineFilter {
  /** Events. */
  kept = 0;
  removed = 0;
  readonly #streams: ReadonlySet<string>;
  readonly #line = new Line();
  readonly #names = new StreamNames();

  constructor(streams: ReadonlySet<string>) {
    this.#streams = streams;
  }

  /** The lines that stay, moved together at the beginning of the block's bytes. */
  keptOf({ bytes, offset, whole }: Block, name: string): Buffer {
    let length = 0;
    eachLine(bytes, (start, end) => {
      if (!whole || !parseLine(bytes, start, end, this.#line)) throw corruptLine(name, offset + start);
      if (!this.#stays(bytes, start)) return;
      bytes.copyWithin(length, start, end + 1);
      length += end + 1 - start;
    });
    return bytes.subarray(0, length);
  }

  #stays(bytes: Buffer, start: number): boolean {
    const line = this.#line;
    if (!line.event) {
      const record = systemRecordSchema.safeParse(parseJson(lineText(bytes, start, line)));
      return record.data?.log === 'epoch';
    }
    const stays = !this.#streams.has(this.#names.of(bytes, line));
    if (stays) this.kept += 1;
    else this.removed += 1;
    return stays;
  }
}
