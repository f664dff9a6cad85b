import { SingleReader } from '@runtime/adapter-kit/source';
import {
  abortable,
  AgentRuntimeError,
  instructionText,
  throwIfAborted,
  type CallOptions,
  type Instruction,
  type RuntimeCapabilities,
} from '@runtime/contracts';
import type { Exit, RuntimeSession, SourceBatch, SourceCursor } from '@runtime/contracts/adapter';
import { awaitReady } from './say/await-ready.ts';
import { capabilitiesFor } from './capabilities.ts';
import { endRun, releaseTerminal } from './end.ts';
import { appendNote, readTyped } from './notes.ts';
import { runEvents, type ReadableRun } from './events.ts';
import { Typist } from './say/typist.ts';

type ReadOptions = CallOptions & { readonly after?: SourceCursor };

/** One run in its own tmux server. */
export class TmuxSession implements RuntimeSession {
  readonly capabilities: RuntimeCapabilities;
  readonly version: string;
  readonly #run: ReadableRun;
  readonly #typist: Typist;
  readonly #reader = new SingleReader();
  #ending: Promise<Exit> | undefined;

  constructor(run: Omit<ReadableRun, 'settled'>, version: string) {
    this.#typist = new Typist(run.plan, run.handle.runDir);
    this.#run = { ...run, settled: () => this.#typist.rest() };
    this.version = version;
    this.capabilities = capabilitiesFor(run.plan.prompt);
  }

  /**
   * For an agent that is typed to, before the session is handed out. What an earlier owner began to type is told as unknown.
   * Resolves with whether the first instruction is still to be typed.
   */
  async settleTyping(): Promise<boolean> {
    const { plan, handle } = this.#run;
    if (plan.prompt !== 'paste') return false;
    const { typing, told } = await readTyped(handle.runDir);
    for (const instructionId of typing) {
      if (told.has(instructionId)) continue;
      const reason = 'its owner died while it was typed';
      await appendNote(handle.runDir, { kind: 'event', event: { type: 'instruction.unknown', instructionId, reason } });
    }
    return !typing.has(plan.instructionId) && !told.has(plan.instructionId);
  }

  /** Types the first instruction once the agent is ready. Later ones wait behind it. */
  async typeFirst(text: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { instructionId, readyPattern: pattern } = this.#run.plan;
    const ready = (): Promise<void> => awaitReady(this.#typist.screen, { pattern, timeoutMs, signal });
    await abortable(this.#typist.type(instructionId, text, ready), signal);
  }

  events(options: ReadOptions = {}): AsyncGenerator<SourceBatch, void, undefined> {
    return this.#reader.read((signal) => this.#read({ ...options, signal }), options);
  }

  async *#read(options: ReadOptions & { readonly signal: AbortSignal }): AsyncGenerator<SourceBatch, void, undefined> {
    yield* runEvents(this.#run, options);
    // The reader came back for more: it has the end, and nobody needs the terminal.
    if (!options.signal.aborted) await releaseTerminal(this.#run.handle.runDir);
  }

  async send(instruction: Instruction, { signal }: CallOptions = {}): Promise<void> {
    throwIfAborted(signal);
    const { mode, parts, id, ifTurn, expiresAt } = instruction;
    if (this.capabilities.steer === 'none') throw unsupported('takes no instruction after its first');
    if (mode !== 'steer') throw unsupported('shows no end of a turn: it can be steered, and nothing else');
    if (parts.some((part) => part.type === 'image')) throw unsupported('cannot be given an image');
    if (ifTurn !== undefined && ifTurn !== '1')
      throw new AgentRuntimeError('CONFLICT', `turn ${ifTurn} is not running`);
    if (this.#ending) throw new AgentRuntimeError('UNAVAILABLE', 'the agent has ended', { retry: 'never' });
    let isBegun = false;
    const begin = async (): Promise<void> => {
      throwIfAborted(signal);
      if (expiresAt !== undefined && Date.now() >= expiresAt) {
        throw new AgentRuntimeError('CONFLICT', 'the instruction expired before it could be typed');
      }
      isBegun = true;
    };
    // Nothing is awaited before this: calls that overlap are typed in their order.
    const typing = this.#typist.type(id, instructionText(parts), begin);
    try {
      await abortable(typing, signal);
    } catch (error) {
      // Who stops waiting for their turn has typed nothing; what has begun is seen through.
      if (!isBegun) throw error;
      await typing;
    }
  }

  async answer(_approvalId: string, _decision: unknown, { signal }: CallOptions = {}): Promise<void> {
    throwIfAborted(signal);
    throw unsupported('asks for no approvals');
  }

  async interrupt({ signal }: CallOptions = {}): Promise<void> {
    throwIfAborted(signal);
    throw unsupported('cannot be interrupted provably: steer it, or stop it');
  }

  async stop({ signal, graceMs = 5000 }: CallOptions & { readonly graceMs?: number } = {}): Promise<Exit> {
    throwIfAborted(signal);
    this.#ending ??= endRun(this.#run.handle, graceMs);
    // What could not be ended may be tried again.
    this.#ending.catch(() => (this.#ending = undefined));
    return abortable(this.#ending, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reader.release();
    await this.#typist.rest();
  }
}

function unsupported(what: string): AgentRuntimeError {
  return new AgentRuntimeError('UNSUPPORTED', `a program in a terminal ${what}`);
}
