import { stat } from 'node:fs/promises';
import { runEnded, runPaths } from '@runtime/adapter-kit/run';
import { LineSplitter, tailFile, type Line, type OversizeLine } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import { sentIn } from '../translate/responses.ts';
import type { TranslatorState } from '../translate/state.ts';
import { stateOf, type PiRecord, type PiRecordOf, type PiState } from '../wire.ts';
import { Changes } from './changes.ts';
import { exitOf } from './reading.ts';
import { Relay } from './relay.ts';

export type PiResponse = PiRecordOf<'response'>;

export interface PiOutputOptions {
  /** Values that must not appear in events. */
  readonly secrets: readonly string[];
  /**
   * How far the reader of the events may fall behind before it reads the file by itself, in bytes of Pi's output.
   * @default 1048576 (1 MiB)
   */
  readonly handOverBytes?: number;
}

const isIncrement = ({ type }: PiRecord): boolean => type === 'message_update' || type === 'tool_execution_update';

/** Pi's answer to an empty line. Any other parse error means that a line was torn. */
const emptyLine = /Unexpected end of JSON input/;

/**
 * Reads Pi's output from its beginning, so that a later owner of the run knows as much as the first. From it the
 * session learns which commands Pi answered, whether a turn is running and which dialogs are open. It never waits for
 * the reader of the events.
 */
export class PiOutput {
  /** The prompts that Pi answered, by the instruction's id: whether Pi accepted it. */
  readonly answered = new Map<string, boolean>();
  /** The latest answer to `get_state`. */
  pi: PiState | undefined;
  /** How many lines of ours Pi could not parse, without the empty ones. */
  tornLines = 0;
  /** The process has ended and all of its output was read. */
  ended = false;
  /** Why reading failed; nothing more will be read then. */
  failure: AgentRuntimeError | undefined;
  /** Serves the reader of the events. */
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

  /** The translator's state, see `Relay.state`. */
  get state(): TranslatorState {
    return this.relay.state;
  }

  /**
   * Waits until everything that Pi has written so far is read. The reader of the events may be ahead of this one if it
   * reads the file by itself, and the caller may act on an event that it saw there.
   */
  async catchUp(options: CallOptions = {}): Promise<void> {
    const size = await stat(this.#file).then(
      (stats) => stats.size,
      () => 0,
    );
    await this.until(() => this.#offset >= size || this.ended, options);
  }

  /** Calls `listener` after every record but increments, and at the end. Returns a function that removes it. */
  listen(listener: () => void): () => void {
    return this.#changes.listen(listener);
  }

  /**
   * Waits until `test` is true, checking it after every record. Returns false if `timeoutMs` passes or the output ends
   * first. Throws if `signal` is aborted or the output cannot be read.
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
   * Waits for the answer to the command with this id. Old versions answer an unknown command without its id, so an
   * error without an id counts too if it names `command`. Call this before writing the command. Returns undefined if
   * the process ends or `timeoutMs` passes first.
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

  /** Stops reading. Pending waits end as if the output had ended. */
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
    const { lost } = this.state.life;
    const records = this.relay.take(line);
    for (const record of records) {
      if (record.type === 'response') this.#onResponse(record);
      // The answer to this prompt was spoiled.
      const sent = sentIn(record);
      if (sent !== undefined && sent === this.state.trail.answered) this.answered.set(sent, true);
    }
    if (!records.every(isIncrement) || this.state.life.lost !== lost) this.#changes.notify();
  }

  #onResponse(record: PiResponse): void {
    if (record.command === 'parse' && !emptyLine.test(record.error ?? '')) this.tornLines++;
    if (record.command === 'prompt' && record.id !== undefined) this.answered.set(record.id, record.success);
    this.pi = stateOf(record) ?? this.pi;
    for (const take of this.#awaited.values()) take(record);
  }
}
