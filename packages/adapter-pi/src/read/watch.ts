import { stat } from 'node:fs/promises';
import { runEnded, runPaths } from '@runtime/adapter-kit/run';
import { LineSplitter, parseJsonLine, tailFile, type Line, type OversizeLine } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import { newTranslatorState, type TranslatorState } from '../translate/state.ts';
import { translate } from '../translate/translate.ts';
import { readEcho, readRecord, stateOf, type PiRecord, type PiRecordOf, type PiState } from '../wire.ts';

export type PiResponse = PiRecordOf<'response'>;

/** Increments say nothing about what Pi waits for, and are nine lines of ten: they are not even parsed. */
const increments = ['{"type":"message_update"', '{"type":"tool_execution_update"'].map((text) => Buffer.from(text));
const isIncrement = (line: Buffer): boolean =>
  increments.some((start) => line.length > start.length && line.subarray(0, start.length).equals(start));

/** What an empty line is answered with; any other parse error is a line that was torn. */
const emptyLine = /Unexpected end of JSON input/;

/**
 * The session's own eye on Pi's output, whoever reads the events and however slowly: which commands were answered, whether Pi rests,
 * which dialogs wait. It reads the file from its beginning, so that a later owner of the run knows as much as the first.
 */
export class Watch {
  readonly state: TranslatorState = newTranslatorState();
  /** Answers to `prompt`, by the instruction's id: whether it was taken. */
  readonly answered = new Map<string, boolean>();
  /** The latest `get_state`. */
  pi: PiState | undefined;
  /** Lines of ours that Pi could not parse, other than empty ones. */
  tornLines = 0;
  /** The process has ended, and all of its output was seen. */
  ended = false;
  /** Reading failed: nothing more is known. */
  failure: AgentRuntimeError | undefined;
  readonly #awaited = new Map<string, (response: PiResponse) => void>();
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #file: string;
  #offset = 0;

  constructor(handle: RuntimeHandle) {
    this.#file = runPaths(handle.runDir).stdout;
    this.#done = this.#read(handle);
  }

  /**
   * Waits until everything that was written by now is known. Whoever reads the events may be ahead of us,
   * and asks about what they saw there.
   */
  async catchUp(options: CallOptions = {}): Promise<void> {
    const size = await stat(this.#file).then(
      (stats) => stats.size,
      () => 0,
    );
    await this.until(() => this.#offset >= size || this.ended, options);
  }

  /** Calls `listener` after every record and at the end. Returns what removes it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
      await this.#change([signal, clock]);
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

  /** Stops looking. Whoever waits is told that nothing came. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#notify();
    await this.#done;
  }

  #change(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const given = signals.filter((signal) => signal !== undefined);
      const done = (): void => {
        remove();
        for (const signal of given) signal.removeEventListener('abort', done);
        resolve();
      };
      const remove = this.listen(done);
      for (const signal of given) {
        if (signal.aborted) return done();
        signal.addEventListener('abort', done, { once: true });
      }
    });
  }

  async #read(handle: RuntimeHandle): Promise<void> {
    const splitter = new LineSplitter();
    const signal = this.#stop.signal;
    try {
      for await (const chunk of tailFile(this.#file, { ended: runEnded(handle), signal })) {
        for (const line of splitter.push(chunk.bytes)) this.#onLine(line);
        this.#offset = chunk.start + chunk.bytes.length;
        this.#notify();
      }
      this.ended = !signal.aborted;
    } catch (error) {
      this.failure = AgentRuntimeError.from(error, 'UNAVAILABLE');
    }
    this.#notify();
  }

  #onLine(line: Line | OversizeLine): void {
    const bytes = line.kind === 'line' ? line.bytes : line.head;
    if (bytes.length === 0 || isIncrement(bytes)) return;
    const parsed = line.kind === 'line' ? parseJsonLine(bytes) : undefined;
    const record = parsed?.ok ? readRecord(parsed.value) : readEcho(bytes.toString('latin1', 0, 80));
    if (!record || record.type === 'malformed') return;
    translate(this.state, record);
    if (record.type === 'response') this.#onResponse(record);
    this.#notify();
  }

  #onResponse(record: PiResponse): void {
    if (record.command === 'parse' && !emptyLine.test(record.error ?? '')) this.tornLines++;
    if (record.command === 'prompt' && record.id !== undefined) this.answered.set(record.id, record.success);
    this.pi = stateOf(record satisfies PiRecord) ?? this.pi;
    for (const take of this.#awaited.values()) take(record);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
