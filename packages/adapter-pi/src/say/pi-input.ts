import { randomUUID } from 'node:crypto';
import { openFifoWriter, runPaths, type FifoWriter } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import type { PiOutput, PiResponse } from '../read/pi-output.ts';

/** How long Pi has for a command that it answers at once when all is well. */
export const answerMs = 10_000;

/** Our end of Pi's stdin: whole lines in the order of the calls, and answers found by the id of their command. */
export class PiInput {
  readonly #writer: FifoWriter;
  readonly #output: PiOutput;
  /** Differs from owner to owner: two planes that had the same run never take each other's answers for their own. */
  readonly #nonce = randomUUID().slice(0, 8);
  #count = 0;

  private constructor(writer: FifoWriter, output: PiOutput) {
    this.#writer = writer;
    this.#output = output;
  }

  /** Throws UNAVAILABLE when nobody reads any more. */
  static async open(handle: RuntimeHandle, output: PiOutput, options: CallOptions = {}): Promise<PiInput> {
    return new PiInput(await openFifoWriter(runPaths(handle.runDir).input, options), output);
  }

  /**
   * Ends a line that an earlier owner may have died in. Where nothing was torn Pi answers the empty line with a parse error,
   * which means nothing and does no harm. It goes before everything that is written later; a Pi that does not read is not waited for.
   */
  endTornLine(): void {
    this.#writer.write('\n').catch(() => {}); // Pi is gone, or we are: then there is nothing to end
  }

  /** Writes one command as a line; resolves once the kernel has it. */
  write(command: Readonly<Record<string, unknown>>, options: CallOptions = {}): Promise<void> {
    return this.#writer.write(`${JSON.stringify(command)}\n`, options);
  }

  /** Sends a command of ours and waits for its answer. Throws UNAVAILABLE when the process ended before it, DEADLINE_EXCEEDED after `timeoutMs`. */
  async ask(
    type: string,
    { suffix = '', timeoutMs = answerMs, fields = {}, ...options }: AskOptions = {},
  ): Promise<PiResponse> {
    const id = `${this.#nonce}.${++this.#count}${suffix}`;
    const answer = this.#output.response(id, type, { ...options, timeoutMs });
    // A Pi that does not read takes no line either: after the time for the answer it is taken back.
    const clock = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, clock]) : clock;
    // Both are waited for, and neither may fail unseen while the other is.
    const [written, answered] = await Promise.allSettled([this.write({ id, type, ...fields }, { signal }), answer]);
    if (answered.status === 'fulfilled' && answered.value) return answered.value;
    if (written.status === 'rejected' && !clock.aborted) throw written.reason;
    if (answered.status === 'rejected') throw answered.reason;
    if (this.#output.ended) throw ended();
    throw new AgentRuntimeError('DEADLINE_EXCEEDED', `Pi did not answer ${type} within ${timeoutMs} ms`, {
      hint: 'it may hang: stop the run',
    });
  }

  /** Closes our end; Pi sees the end of its input once the holder's is closed too. */
  close(): Promise<void> {
    return this.#writer.close();
  }
}

export interface AskOptions extends CallOptions {
  /** Ends the command's id, where the translator is to know what it was asked for. */
  readonly suffix?: string;
  readonly timeoutMs?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export const ended = (): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', 'Pi has ended', {
    retry: 'never',
    hint: 'continue in a new task on the same session',
  });
