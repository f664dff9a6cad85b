import { randomUUID } from 'node:crypto';
import { openFifoWriter, runPaths, type FifoWriter } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import type { PiOutput, PiResponse } from '../read/pi-output.ts';

/** The time limit, in ms, for a command that a healthy Pi answers at once. */
export const answerMs = 10_000;

/** Our end of Pi's stdin. Writes whole lines in the order of the calls, and finds the answer to a command by its id. */
export class PiInput {
  readonly #writer: FifoWriter;
  readonly #output: PiOutput;
  /** Differs for each owner of the run, so that no owner mistakes an answer to another one for its own. */
  readonly #nonce = randomUUID().slice(0, 8);
  #count = 0;

  private constructor(writer: FifoWriter, output: PiOutput) {
    this.#writer = writer;
    this.#output = output;
  }

  /** Throws UNAVAILABLE if the holder is gone. */
  static async open(handle: RuntimeHandle, output: PiOutput, options: CallOptions = {}): Promise<PiInput> {
    return new PiInput(await openFifoWriter(runPaths(handle.runDir).input, options), output);
  }

  /**
   * Ends a line that an earlier owner may have left unfinished. If there was none, Pi answers the empty line with a
   * parse error, which is harmless. It is sent before everything that is written later, and does not wait for a Pi that
   * is not reading.
   */
  endTornLine(): void {
    this.#writer.write('\n').catch(() => {}); // Pi or this owner has ended: there is no line to end
  }

  /** Writes one command as a line. Resolves once the kernel has it. */
  write(command: Readonly<Record<string, unknown>>, options: CallOptions = {}): Promise<void> {
    return this.#writer.write(`${JSON.stringify(command)}\n`, options);
  }

  /**
   * Sends a command and waits for its answer. Throws UNAVAILABLE if the process ends first, DEADLINE_EXCEEDED after
   * `timeoutMs` (default: `answerMs`).
   */
  async ask(
    type: string,
    { suffix = '', timeoutMs = answerMs, fields = {}, ...options }: AskOptions = {},
  ): Promise<PiResponse> {
    const id = `${this.#nonce}.${++this.#count}${suffix}`;
    const answer = this.#output.response(id, type, { ...options, timeoutMs });
    // A Pi that is not reading does not take the line either. The time limit withdraws it.
    const clock = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, clock]) : clock;
    // Waits for both, so that a failure of one is handled while the other is pending.
    const [written, answered] = await Promise.allSettled([this.write({ id, type, ...fields }, { signal }), answer]);
    if (answered.status === 'fulfilled' && answered.value) return answered.value;
    if (written.status === 'rejected' && !clock.aborted) throw written.reason;
    if (answered.status === 'rejected') throw answered.reason;
    if (this.#output.ended) throw piEndedError();
    throw new AgentRuntimeError('DEADLINE_EXCEEDED', `Pi did not answer ${type} within ${timeoutMs} ms`, {
      hint: 'Pi may hang: stop the run',
    });
  }

  /** Closes our end. Pi sees the end of its input once the holder has closed its end too. */
  close(): Promise<void> {
    return this.#writer.close();
  }
}

export interface AskOptions extends CallOptions {
  /** Ends the command's id, and shows the translator why the command was sent. */
  readonly suffix?: string;
  readonly timeoutMs?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export const piEndedError = (): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', 'Pi has ended', {
    retry: 'never',
    hint: 'continue in a new task on the same session',
  });
