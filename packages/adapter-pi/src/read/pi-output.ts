import { stat } from 'node:fs/promises';
import { runEnded, runPaths } from '@runtime/adapter-kit/run';
import { LineSplitter, tailFile, type Line, type OversizeLine } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import type { TranslatorState } from '../translate/state.ts';
import { stateOf, type PiRecordOf, type PiState } from '../wire.ts';
import { Changes } from './changes.ts';
import { exitOf } from './reading.ts';
import { Relay } from './relay.ts';

export type PiResponse = PiRecordOf<'response'>;

export interface PiOutputOptions {
  /** Values that must not appear in events. */
  readonly secrets: readonly string[];
  /** How far the reader of the events may fall behind before it reads the file by itself, in bytes of the output. @default 1048576 (1 MiB) */
  readonly handOverBytes?: number;
}

/** The answer to an empty line; any other parse error is a line that was torn. */
const emptyLine = /Unexpected end of JSON input/;

/**
 * Pi's output, read from its beginning, so that a later owner of the run knows as much as the first.
 * The session learns from it which commands were answered, whether Pi rests and which dialogs wait, however slowly the events are read.
 */
export class PiOutput {
  /** Answers to `prompt`, by the instruction's id: whether Pi accepted it. */
  readonly answered = new Map<string, boolean>();
  /** The latest `get_state`. */
  pi: PiState | undefined;
  /** Lines of ours that Pi could not parse, other than empty ones. */
  tornLines = 0;
  /** The process has ended, and all of its output was seen. */
  ended = false;
  /** Reading failed: nothing more is known. */
  failure: AgentRuntimeError | undefined;
  /** For the reader of the events. */
  readonly relay: Relay;
  readonly #file: string;
  readonly #awaited = new Map<string, (response: PiResponse) => void>();
  readonly #changes = new Changes();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #offset = 0;

  constructor(handle: RuntimeHandle, { secrets, handOverBytes = 1024 * 1024 }: PiOutputOptions) {
    this.#file = runPaths(handle.runDir).stdout;
    this.relay = new Relay(secrets, handOverBytes);
    this.#done = this.#read(handle);
  }

  /** What the translator knows by now, see `Relay.state`. */
  get state(): TranslatorState {
    return this.relay.state;
  }

  /** Waits until everything that was written by now is known: a reader that reads by itself may be ahead, and callers ask about what they saw there. */
  async catchUp(options: CallOptions = {}): Promise<void> {
    const size = await stat(this.#file).then(
      (stats) => stats.size,
      () => 0,
    );
    await this.until(() => this.#offset >= size || this.ended, options);
  }

  /** Calls `listener` after every record and at the end. Returns what removes it. */
  listen(listener: () => void): () => void {
    return this.#changes.listen(listener);
  }

  /**
   * Waits until `test` holds, looking after every record. False when `timeoutMs` passed first, or when the output ended without it.
   * Throws when `signal` aborts, or when the output cannot be read.
   */
  async until(
    test: () => boolean,
    { signal, timeoutMs }: CallOptions & { readonly timeoutMs?: number } = {},
  ): Promise<boolean> {
    throwIfAborted(signal);
    const clock = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    for (;;) {
      if (test()) return true;
      if (this.failure) throw this.failure;
      if (this.ended || clock?.aborted || this.#stop.signal.aborted) return false;
      await this.#changes.next([signal, clock]);
      throwIfAborted(signal);
    }
  }

  /**
   * The answer to the command with this id, or, since old versions leave the id out there, to an unknown command of this name.
   * Call it before the command is written. Undefined when the process ended or `timeoutMs` passed without one.
   */
  async response(
    id: string,
    command: string,
    options: CallOptions & { readonly timeoutMs?: number } = {},
  ): Promise<PiResponse | undefined> {
    let found: PiResponse | undefined;
    const key = `${id} ${command}`;
    this.#awaited.set(key, (response) => {
      const isUnknown = response.id === undefined && response.command === command && !response.success;
      if (response.id === id || isUnknown) found ??= response;
    });
    try {
      await this.until(() => found !== undefined, options);
      return found;
    } finally {
      this.#awaited.delete(key);
    }
  }

  /** Stops reading. Whoever waits is told that nothing came. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#changes.notify();
    await this.#done;
  }

  async #read(handle: RuntimeHandle): Promise<void> {
    const splitter = new LineSplitter();
    const signal = this.#stop.signal;
    try {
      for await (const chunk of tailFile(this.#file, { ended: runEnded(handle), signal })) {
        for (const line of splitter.push(chunk.bytes)) this.#take(line);
        this.#offset = chunk.start + chunk.bytes.length;
        this.#changes.notify();
      }
      if (signal.aborted) return this.relay.end({ kind: 'closed' });
      this.relay.finish(splitter.flush(), await exitOf(handle));
      this.ended = true;
    } catch (error) {
      this.failure = AgentRuntimeError.from(error, 'UNAVAILABLE');
      this.relay.end({ kind: 'failed', error: this.failure });
    }
    this.#changes.notify();
  }

  #take(line: Line | OversizeLine): void {
    const record = this.relay.take(line);
    if (!record || record.type === 'message_update' || record.type === 'tool_execution_update') return;
    if (record.type === 'response') this.#onResponse(record);
    this.#changes.notify();
  }

  #onResponse(record: PiResponse): void {
    if (record.command === 'parse' && !emptyLine.test(record.error ?? '')) this.tornLines++;
    if (record.command === 'prompt' && record.id !== undefined) this.answered.set(record.id, record.success);
    this.pi = stateOf(record) ?? this.pi;
    for (const take of this.#awaited.values()) take(record);
  }
}
