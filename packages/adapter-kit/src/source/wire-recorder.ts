import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { AgentRuntimeError } from '@runtime/contracts';

/** Options of `openWireRecorder`. */
export interface WireRecorderOptions {
  /** Bytes that may wait for the disk. @default 67108864 (64 MiB) */
  readonly maxQueuedBytes?: number;
}

/**
 * Keeps every frame of a backend that writes no file of its own, such as one behind a socket or HTTP: the record is
 * then the source of its events.
 * The adapters that run programs need none; it is here for those that do not.
 */
export interface WireRecorder extends AsyncDisposable {
  /** Bytes recorded so far; what was there at the opening included. */
  readonly size: number;
  /**
   * Appends one frame as one line; line feeds in it, which JSON allows between its parts only, become spaces.
   * In the order of the calls. Resolves once the operating system has it, with where it stands: hand the frame on only
   * then.
   * Throws EXHAUSTED when too much waits or the disk is full (nothing of the frame stays), UNAVAILABLE after closing or
   * a failure that could not be undone.
   */
  append(frame: Uint8Array | string): Promise<{ readonly start: number; readonly end: number }>;
  /** Writes what is queued, then closes the file. Repeatable. */
  close(): Promise<void>;
}

/**
 * Opens `wire.jsonl` for appending, 0600, no symbolic link. A line that a crash left unfinished is ended first:
 * a reader quarantines it, and no frame is ever glued to it. One recorder at a time.
 */
export async function openWireRecorder(path: string, options: WireRecorderOptions = {}): Promise<WireRecorder> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags, 0o600).catch((cause: unknown) => {
    throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new AgentRuntimeError('INVALID_ARGUMENT', `${path} is not a regular file`);
    const recorder = new FileRecorder(file, stats.size, options.maxQueuedBytes ?? 64 * 1024 * 1024);
    if (stats.size > 0 && !(await endsLine(file, stats.size))) await recorder.append('');
    return recorder;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function endsLine(file: FileHandle, size: number): Promise<boolean> {
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] === 10;
}

class FileRecorder implements WireRecorder {
  readonly #file: FileHandle;
  readonly #maxQueuedBytes: number;
  #size: number;
  #queuedBytes = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #broken: AgentRuntimeError | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: FileHandle, size: number, maxQueuedBytes: number) {
    this.#file = file;
    this.#size = size;
    this.#maxQueuedBytes = maxQueuedBytes;
  }

  get size(): number {
    return this.#size;
  }

  async append(frame: Uint8Array | string): Promise<{ start: number; end: number }> {
    if (this.#closing) throw new AgentRuntimeError('UNAVAILABLE', 'the wire recorder is closed', { retry: 'never' });
    const line = asLine(frame);
    if (this.#queuedBytes + line.length > this.#maxQueuedBytes) {
      throw new AgentRuntimeError('EXHAUSTED', `${this.#queuedBytes} bytes of frames wait for the disk`);
    }
    this.#queuedBytes += line.length;
    const written = this.#tail.then(() => this.#write(line));
    this.#tail = written.catch(() => {}); // each caller hears of its own frame
    return written.finally(() => {
      this.#queuedBytes -= line.length;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#tail.then(() => this.#file.close());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #write(line: Buffer): Promise<{ start: number; end: number }> {
    if (this.#broken) throw this.#broken;
    const start = this.#size;
    try {
      // A full disk shows itself as a short count first, and as an error only at the next write.
      for (let done = 0; done < line.length;) {
        const { bytesWritten } = await this.#file.write(line, done, line.length - done, start + done);
        done += bytesWritten;
      }
    } catch (cause) {
      await this.#undo(start);
      throw new AgentRuntimeError('EXHAUSTED', 'the frame could not be recorded', { cause });
    }
    this.#size = start + line.length;
    return { start, end: this.#size };
  }

  async #undo(size: number): Promise<void> {
    try {
      await this.#file.truncate(size);
    } catch (cause) {
      this.#broken = new AgentRuntimeError('UNAVAILABLE', 'the wire record is damaged', { retry: 'never', cause });
    }
  }
}

function asLine(frame: Uint8Array | string): Buffer {
  const line = Buffer.concat([Buffer.from(frame), Buffer.from('\n')]);
  for (let at = line.indexOf(10); at < line.length - 1; at = line.indexOf(10, at + 1)) line[at] = 0x20;
  return line;
}
