import { releaseStdin, stopRun, waitForExit } from '@runtime/adapter-kit/run';
import { SingleReader } from '@runtime/adapter-kit/source';
import { abortable, AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import type { CallOptions, Decision, Instruction, RuntimeCapabilities } from '@runtime/contracts';
import type { Exit, RuntimeHandle, RuntimeSession, SourceBatch, SourceCursor } from '@runtime/contracts/adapter';
import { Answering } from './say/answering.ts';
import { piEvents } from './events.ts';
import { interruptTurn, isIdle } from './say/interrupt.ts';
import { ended, type PiInput } from './say/pi-input.ts';
import { watchRest } from './say/rest-watch.ts';
import type { Sending } from './say/sending.ts';
import type { PiOutput } from './read/pi-output.ts';
import { refuseImages } from './refusals.ts';

/** What only a live process has. */
export interface LiveParts {
  readonly input: PiInput;
  readonly sending: Sending;
}

export interface SessionParts {
  readonly handle: RuntimeHandle;
  readonly capabilities: RuntimeCapabilities;
  readonly version: string;
  readonly secrets: readonly string[];
  readonly output: PiOutput;
  /** Undefined when the process has ended by now. */
  readonly live: LiveParts | undefined;
}

interface Live extends LiveParts {
  readonly answering: Answering;
  readonly rest: ReturnType<typeof watchRest>;
}

/** One Pi process behind `RuntimeSession`. */
export class PiSession implements RuntimeSession {
  readonly capabilities: RuntimeCapabilities;
  readonly version: string;
  readonly agentSessionId?: string;
  readonly #parts: SessionParts;
  readonly #live: Live | undefined;
  readonly #reader = new SingleReader();
  #interrupting: Promise<void> | undefined;
  #stopping: Promise<Exit> | undefined;

  constructor(parts: SessionParts) {
    this.capabilities = parts.capabilities;
    this.version = parts.version;
    this.#parts = parts;
    const { output, live } = parts;
    const { agentSessionId } = output.state;
    if (agentSessionId !== undefined) this.agentSessionId = agentSessionId;
    this.#live = live && {
      ...live,
      answering: new Answering(live.input, output),
      rest: watchRest(output, live.input),
    };
  }

  events({ signal, after }: CallOptions & { readonly after?: SourceCursor } = {}): AsyncIterable<SourceBatch> {
    const { handle, output, secrets } = this.#parts;
    const open = (reading: AbortSignal): AsyncIterable<SourceBatch> =>
      piEvents(handle, output.relay, { after, secrets, signal: reading });
    return this.#reader.read(open, signal ? { signal } : {});
  }

  /**
   * At most once for an id, by whichever owner of the run: an instruction that Pi was given before is not sent again, and the call resolves.
   * After a recovery it is therefore safe, and the way, to send again what was `sending`. OUTCOME_UNKNOWN where the earlier owner died
   * in the very moment of writing and Pi's output does not tell.
   */
  async send(instruction: Instruction, options: CallOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    refuseImages(instruction, this.capabilities, this.#parts.output.pi?.model);
    const live = this.#alive();
    const [first] = instruction.parts;
    if (first?.type === 'text' && first.text.startsWith('/')) live.rest.expectCommand(instruction.id);
    await live.sending.send(instruction, options);
  }

  async answer(approvalId: string, decision: Decision | 'cancelled', options: CallOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    if (!this.#live) throw new AgentRuntimeError('NOT_FOUND', 'Pi has ended and waits for no answer');
    await this.#parts.output.catchUp(options);
    await this.#live.answering.answer(approvalId, decision, options);
  }

  async interrupt(options: CallOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    const live = this.#live;
    if (!live || this.#parts.output.ended) return;
    await this.#parts.output.catchUp(options);
    // Begun once; whoever stops waiting does not undo it.
    this.#interrupting ??= interruptTurn({ ...live, output: this.#parts.output }).finally(() => {
      this.#interrupting = undefined;
    });
    await abortable(this.#interrupting, options.signal);
  }

  async stop({ signal, graceMs = 5000 }: CallOptions & { readonly graceMs?: number } = {}): Promise<Exit> {
    throwIfAborted(signal);
    this.#stopping ??= this.#stop(graceMs).catch((error: unknown) => {
      this.#stopping = undefined; // what could not be ended may be ended by another call
      throw error;
    });
    return abortable(this.#stopping, signal);
  }

  /**
   * Asks in the order that loses least: interrupt, end of input, TERM; half of the grace is for the asking, the rest lies between TERM and KILL.
   * Pi's own bash children are in sessions of their own and survive its death: whoever carries the run's marker is ended too.
   */
  async #stop(graceMs: number): Promise<Exit> {
    const { handle, output } = this.#parts;
    const live = this.#live;
    const deadline = performance.now() + graceMs;
    const left = (): number => Math.max(0, Math.round(deadline - performance.now()));
    if (live && !output.ended && graceMs > 0) {
      const asking = AbortSignal.timeout(Math.ceil(graceMs / 2));
      try {
        if (!isIdle({ ...live, output })) await abortable(this.interrupt(), asking);
        await live.input.close();
        if (await releaseStdin(handle)) await waitForExit(handle, { signal: asking });
      } catch {
        // It does not listen; it is told more clearly below.
      }
    }
    await live?.input.close();
    live?.rest.close();
    return stopRun(handle, { graceMs: left() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reader.release();
    this.#live?.rest.close();
    await this.#parts.output.close();
    await this.#live?.input.close();
  }

  #alive(): Live {
    if (!this.#live || this.#parts.output.ended || this.#stopping) throw ended();
    return this.#live;
  }
}
