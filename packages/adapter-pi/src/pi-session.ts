import { releaseStdin, stopRun, waitForExit } from '@runtime/adapter-kit/run';
import { SingleReader } from '@runtime/adapter-kit/source';
import {
  abortable,
  AgentRuntimeError,
  throwIfAborted,
  type CallOptions,
  type Decision,
  type Instruction,
  type RuntimeCapabilities,
} from '@runtime/contracts';
import type { Exit, ReadEventsOptions, RuntimeHandle, RuntimeSession, SourceBatch } from '@runtime/contracts/adapter';
import { piEvents } from './events.ts';
import type { PiOutput } from './read/pi-output.ts';
import { refuseImages } from './refusals.ts';
import { Answering } from './say/answering.ts';
import { interruptTurn, isIdle } from './say/interrupt.ts';
import { piEndedError, type PiInput } from './say/pi-input.ts';
import { watchRest } from './say/rest-watch.ts';
import type { Sending } from './say/sending.ts';

/** What only a session with a live process has. */
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
  /** Undefined if the process has ended. */
  readonly live: LiveParts | undefined;
}

interface Live extends LiveParts {
  readonly answering: Answering;
  readonly rest: ReturnType<typeof watchRest>;
}

/** A run on Pi as a `RuntimeSession`: one process, live or ended. */
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
      rest: watchRest({ ...live, output }),
    };
  }

  events({ signal, after, follow }: ReadEventsOptions = {}): AsyncIterable<SourceBatch> {
    const { handle, output, secrets } = this.#parts;
    const open = (reading: AbortSignal): AsyncIterable<SourceBatch> =>
      piEvents(handle, output.relay, { after, secrets, follow, signal: reading });
    return this.#reader.read(open, signal ? { signal } : {});
  }

  /**
   * Sends each instruction at most once, also across owners of the run: if Pi has it already, the call only resolves.
   * After a recovery the plane therefore sends again everything that was `sending`.
   * Throws OUTCOME_UNKNOWN if the earlier owner died during the write and Pi's output does not show whether Pi got it.
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
    if (!this.#live) throw new AgentRuntimeError('NOT_FOUND', 'Pi has ended and no longer waits for an answer');
    await this.#parts.output.catchUp(options);
    await this.#live.answering.answer(approvalId, decision, options);
  }

  async interrupt(options: CallOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    const live = this.#live;
    if (!live || this.#parts.output.ended) return;
    await this.#parts.output.catchUp(options);
    // Concurrent calls share one interrupt; aborting a call ends its waiting, not the interrupt.
    this.#interrupting ??= interruptTurn({ ...live, output: this.#parts.output }).finally(() => {
      this.#interrupting = undefined;
    });
    await abortable(this.#interrupting, options.signal);
  }

  async stop({ signal, graceMs = 5000 }: CallOptions & { readonly graceMs?: number } = {}): Promise<Exit> {
    throwIfAborted(signal);
    this.#stopping ??= this.#stop(graceMs).catch((error: unknown) => {
      this.#stopping = undefined; // another call may succeed where this one failed
      throw error;
    });
    return abortable(this.#stopping, signal);
  }

  /**
   * Ends Pi in the order that loses least: interrupt, end of input, TERM, KILL. Half of the grace is for the first two,
   * the rest for the time between TERM and KILL. Pi's bash children run in sessions of their own and survive Pi, so
   * every process with the run's marker is ended too.
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
        // Pi did not stop by itself; the signals below end it.
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
    if (!this.#live || this.#parts.output.ended || this.#stopping) throw piEndedError();
    return this.#live;
  }
}
