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
import type { Attach, Exit, ReadEventsOptions, RuntimeSession, SourceBatch } from '@runtime/contracts/adapter';
import { awaitReady } from './say/await-ready.ts';
import { capabilitiesOf } from './capabilities.ts';
import { endRun, releaseTerminal } from './end.ts';
import { appendNote, readTyped } from './notes.ts';
import { runEvents, type ReadableRun } from './events.ts';
import { unsupported } from './refusals.ts';
import { readTmuxHolder } from './run-files.ts';
import { attachOf } from './server/attach.ts';
import { earlyEnd } from './early-end.ts';
import { Typist } from './say/typist.ts';

/** A run that was started, and what must not appear in its events. */
export type TmuxRun = Omit<ReadableRun, 'settled'>;

/** One run in its own tmux server. */
export class TmuxSession implements RuntimeSession {
  readonly capabilities: RuntimeCapabilities;
  readonly version: string;
  readonly attach: Attach;
  readonly #run: ReadableRun;
  readonly #typist: Typist;
  readonly #reader = new SingleReader();
  /** Ends the wait for an agent that is not ready: the next owner types then. */
  readonly #leaving = new AbortController();
  #ending: Promise<Exit> | undefined;

  constructor(run: TmuxRun, version: string) {
    this.#typist = new Typist(run.record, run.handle.runDir);
    this.#run = { ...run, settled: () => this.#typist.rest() };
    this.version = version;
    this.attach = attachOf(run.record);
    this.capabilities = capabilitiesOf(run.record.prompt);
  }

  /**
   * Call it before the session is handed out. Notes instructions whose typing an earlier owner began and did not finish
   * as unknown.
   * Resolves with true when the first instruction is still to be typed.
   */
  async settleTyping(): Promise<boolean> {
    const { record, handle } = this.#run;
    if (record.prompt !== 'paste') return false;
    const { typing, noted } = await readTyped(handle.runDir);
    for (const instructionId of typing) {
      if (noted.has(instructionId)) continue;
      const reason = 'The owner died while this instruction was typed';
      await appendNote(handle.runDir, { kind: 'event', event: { type: 'instruction.unknown', instructionId, reason } });
    }
    return !typing.has(record.instructionId) && !noted.has(record.instructionId);
  }

  /** Types the first instruction once the agent is ready. Later ones wait behind it. */
  async typeFirst(text: string, timeoutMs: number, call?: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([this.#leaving.signal, ...(call ? [call] : [])]);
    const { record, secrets, handle } = this.#run;
    const { instructionId, readyPattern: pattern } = record;
    const ended = (): Promise<AgentRuntimeError> => earlyEnd({ runDir: handle.runDir, record, secrets });
    const ready = (): Promise<void> => awaitReady(this.#typist.screen, { pattern, timeoutMs, signal, ended });
    await abortable(this.#typist.type(instructionId, text, ready), signal);
  }

  events(options: ReadEventsOptions = {}): AsyncGenerator<SourceBatch, void, undefined> {
    return this.#reader.read((signal) => this.#read({ ...options, signal }), options);
  }

  async *#read(
    options: ReadEventsOptions & { readonly signal: AbortSignal },
  ): AsyncGenerator<SourceBatch, void, undefined> {
    yield* runEvents(this.#run, options);
    // The reader came back for more, so it has the end, and the terminal is not needed any more.
    if (!options.signal.aborted && options.follow !== false) await releaseTerminal(this.#run.handle.runDir);
  }

  async send(instruction: Instruction, { signal }: CallOptions = {}): Promise<void> {
    throwIfAborted(signal);
    const { mode, parts, id, ifTurn, expiresAt } = instruction;
    if (this.capabilities.steer === 'none') throw unsupported('takes no instruction after its first');
    if (mode !== 'steer') throw unsupported('shows no end of a turn, so it takes no follow-up');
    if (parts.some((part) => part.type === 'image')) throw unsupported('takes no image');
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
      // A caller that stops waiting for its turn has typed nothing; what has begun is finished.
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
    throw unsupported('cannot be interrupted provably', 'steer it, or stop it');
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
    this.#leaving.abort();
    await this.#typist.rest();
  }
}

/** The session of a run whose holder was there. */
export async function openSession(run: TmuxRun): Promise<TmuxSession> {
  const holder = await readTmuxHolder(run.handle.runDir);
  return new TmuxSession(run, holder ? `tmux ${holder.tmux}` : 'unknown');
}
