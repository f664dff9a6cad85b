import { close, constants, fstat, open } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { AgentRuntimeError, systemCode, throwIfAborted, type CallOptions } from '@runtime/contracts';

/** Options of `openFifoWriter`. */
export interface FifoWriterOptions extends CallOptions {
  /**
   * How many bytes may be queued while the agent does not read. @default 67108864 (64 MiB): a few of the largest
   * instructions
   */
  readonly maxQueuedBytes?: number;
}

/** The writing end of an agent's standard input. */
export interface FifoWriter extends AsyncDisposable {
  /**
   * Writes the bytes after everything written before. Resolves once the kernel has them; that the agent has read them
   * is not proven.
   * Throws EXHAUSTED when too much is queued and UNAVAILABLE when the reader is gone; nothing was sent then.
   * Throws OUTCOME_UNKNOWN when the reader went away in the middle. Aborting `signal` throws CANCELLED before the first
   * byte, and nothing is sent; after it OUTCOME_UNKNOWN, and the rest is still sent.
   */
  write(bytes: Uint8Array | string, options?: CallOptions): Promise<void>;
  /**
   * Closes this end; queued writes throw CANCELLED. The agent sees the end of its input once the holder has closed its
   * end too. Repeatable.
   */
  close(): Promise<void>;
}

interface Job {
  readonly bytes: Buffer;
  begun: boolean;
  readonly settle: (error?: AgentRuntimeError) => void;
}

/**
 * Opens a FIFO for writing without blocking: the event loop polls it, and no thread waits for a slow reader.
 * Throws UNAVAILABLE when no process has it open for reading (the holder is gone), NOT_FOUND, INVALID_ARGUMENT for any
 * other kind of file.
 */
export async function openFifoWriter(path: string, options: FifoWriterOptions = {}): Promise<FifoWriter> {
  throwIfAborted(options.signal);
  const socket = await openSocket(path);
  return new QueueingWriter(socket, options.maxQueuedBytes ?? 64 * 1024 * 1024);
}

const openFile = promisify(open);
const statFile = promisify(fstat);
const closeFile = promisify(close);

async function openSocket(path: string): Promise<Socket> {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const descriptor = await openFile(path, flags).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENXIO') throw gone(cause);
    if (systemCode(cause) === 'ENOENT') throw new AgentRuntimeError('NOT_FOUND', `no FIFO at ${path}`, { cause });
    throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
  });
  if (!(await statFile(descriptor)).isFIFO()) {
    await closeFile(descriptor);
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${path} is not a FIFO`);
  }
  return new Socket({ fd: descriptor, readable: false, writable: true });
}

function gone(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', 'the agent no longer reads its input', { retry: 'never', cause });
}

/** Up to this (PIPE_BUF) the kernel takes all of a write or nothing. */
const atomicBytes = 4096;

class QueueingWriter implements FifoWriter {
  readonly #socket: Socket;
  readonly #maxQueuedBytes: number;
  readonly #jobs: Job[] = [];
  #queuedBytes = 0;
  #ended: AgentRuntimeError | undefined;

  constructor(socket: Socket, maxQueuedBytes: number) {
    this.#socket = socket;
    this.#maxQueuedBytes = maxQueuedBytes;
    socket.on('error', (cause) => this.#end(gone(cause)));
    socket.on('close', () => this.#end(gone(undefined)));
  }

  async write(bytes: Uint8Array | string, { signal }: CallOptions = {}): Promise<void> {
    throwIfAborted(signal);
    if (this.#ended) throw this.#ended;
    const copy = Buffer.from(bytes);
    if (copy.length === 0) return;
    if (this.#queuedBytes + copy.length > this.#maxQueuedBytes) {
      throw new AgentRuntimeError(
        'EXHAUSTED',
        `the agent does not read its input: ${this.#queuedBytes} bytes are queued`,
        {
          hint: 'wait until the agent reads, or end it',
        },
      );
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => this.#abandon(job, AgentRuntimeError.from(signal?.reason, 'CANCELLED'));
      const job: Job = {
        bytes: copy,
        begun: false,
        settle: (error) => {
          signal?.removeEventListener('abort', abort);
          if (error) reject(error);
          else resolve();
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#jobs.push(job);
      this.#queuedBytes += copy.length;
      if (this.#jobs.length === 1) this.#pump();
    });
  }

  async close(): Promise<void> {
    this.#end(new AgentRuntimeError('CANCELLED', 'this writer was closed'));
    if (this.#socket.closed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One write at a time: what has not begun can still be taken back. */
  #pump(): void {
    const job = this.#jobs[0];
    if (!job || this.#ended) return;
    job.begun = true;
    this.#socket.write(job.bytes, (error) => {
      if (error) return; // 'error' follows and settles everything
      this.#remove(job);
      job.settle();
      this.#pump();
    });
  }

  #abandon(job: Job, reason: AgentRuntimeError): void {
    if (!job.begun) {
      this.#remove(job);
      job.settle(reason);
      return;
    }
    const unknown = new AgentRuntimeError('OUTCOME_UNKNOWN', 'the input was being written', { cause: reason });
    job.settle(unknown);
  }

  #remove(job: Job): void {
    const at = this.#jobs.indexOf(job);
    if (at === -1) return;
    this.#jobs.splice(at, 1);
    this.#queuedBytes -= job.bytes.length;
  }

  #end(reason: AgentRuntimeError): void {
    if (this.#ended) return;
    this.#ended = reason;
    for (const job of this.#jobs.splice(0)) {
      const partly = job.begun && (job.bytes.length > atomicBytes || reason.code === 'CANCELLED');
      job.settle(
        partly
          ? new AgentRuntimeError('OUTCOME_UNKNOWN', 'the input broke off while it was being written', {
              cause: reason,
            })
          : reason,
      );
    }
    this.#queuedBytes = 0;
  }
}
