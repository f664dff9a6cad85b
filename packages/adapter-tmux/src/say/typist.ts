import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentRuntimeError } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { appendNote, readTyped } from '../notes.ts';
import { pasteTail, pasteText } from './paste-text.ts';
import type { LaunchRecord } from '../run-files.ts';
import { Screen } from '../screen/screen.ts';
import { agentPane, callTmux, type TmuxCommand, type TmuxPlace } from '../server/tmux-client.ts';

/** A program that is still busy with the paste may swallow Enter. Only Enter is ever sent again. */
const maxSubmits = 3;
const echoMs = 1000;
const answerMs = 1500;
const stepMs = 40;
const quietMs = 80;
/** A paste of megabytes takes its time. */
const pasteTimeoutMs = 15_000;

/** Copy mode, a clock or a list of windows would swallow keys. */
const leaveModes: TmuxCommand = ['copy-mode', '-q', '-t', agentPane];

/** Types instructions into a run's terminal, one after the other, so that two never mix. */
export class Typist {
  readonly screen: Screen;
  readonly #place: TmuxPlace;
  readonly #record: LaunchRecord;
  readonly #runDir: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(record: LaunchRecord, runDir: string) {
    this.#record = record;
    this.#runDir = runDir;
    this.#place = { record, runDir };
    this.screen = new Screen({ record, runDir });
  }

  /**
   * Types in the order of the calls, each after `ready`. Resolves once tmux has the text and the first Enter; the
   * result is noted afterwards.
   * An instruction is never typed twice, also across owners of the run. Throws INVALID_ARGUMENT for a text of control characters alone, UNAVAILABLE when
   * nothing was typed, and OUTCOME_UNKNOWN when it may have been typed.
   */
  type(instructionId: string, text: string, ready: () => Promise<void> = async () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const work = this.#last.then(ready).then(() => this.#typeOne(instructionId, text, resolve));
      this.#last = work.catch(reject);
    });
  }

  /** Resolves when nothing is being typed or looked at any more. */
  async rest(): Promise<void> {
    await this.#last;
  }

  async #typeOne(instructionId: string, text: string, handedOver: () => void): Promise<void> {
    if (await this.screen.hasEnded())
      throw new AgentRuntimeError('UNAVAILABLE', 'the agent has ended', { retry: 'never' });
    // A new owner sends again what an earlier one was sending.
    const { typing, noted } = await readTyped(this.#runDir);
    if (typing.has(instructionId) || noted.has(instructionId)) return handedOver();
    const clean = pasteText(text);
    // tmux makes no buffer of nothing.
    if (clean === '') throw new AgentRuntimeError('INVALID_ARGUMENT', 'nothing of the text can be typed');
    await appendNote(this.#runDir, { kind: 'typing', instructionId });
    try {
      const before = await this.screen.written();
      await this.#paste(clean);
      await this.#awaitEcho(before);
      const tail = pasteTail(clean);
      const shown = (await this.screen.isBracketed()) && tail !== '' && (await this.#isTyped(tail));
      const written = await this.screen.written();
      await this.#submit();
      await appendNote(this.#runDir, { kind: 'typed', instructionId });
      handedOver();
      await this.#note(instructionId, shown ? await this.#observe(tail) : await this.#observeBlindly(written));
    } catch (error) {
      if (error instanceof NothingTyped) {
        await appendNote(this.#runDir, { kind: 'untyped', instructionId });
        throw error.cause;
      }
      const reason = error instanceof Error ? error.message : String(error);
      await this.#note(instructionId, `it may have been typed: ${reason}`.slice(0, 2000));
      throw new AgentRuntimeError('OUTCOME_UNKNOWN', 'the text may have reached the terminal', { cause: error });
    }
  }

  /** `unknown`: why it is not known whether the agent took the text; undefined when it did. */
  async #note(instructionId: string, unknown: string | undefined): Promise<void> {
    const event: SessionEvent & { type: 'instruction.accepted' | 'instruction.unknown' } =
      unknown === undefined
        ? { type: 'instruction.accepted', instructionId }
        : { type: 'instruction.unknown', instructionId, reason: unknown };
    await appendNote(this.#runDir, { kind: 'event', event });
  }

  /** A buffer of its own cannot be overwritten by another client. */
  async #paste(text: string): Promise<void> {
    const buffer = `ar-${randomBytes(8).toString('hex')}`;
    const commands = [
      leaveModes,
      ['load-buffer', '-b', buffer, '-'],
      ['paste-buffer', '-p', '-r', '-d', '-b', buffer, '-t', agentPane],
    ];
    try {
      await callTmux(this.#place, commands, { input: text, timeoutMs: pasteTimeoutMs });
    } catch (error) {
      // tmux does them in order and stops at the first that it refuses: a refusal means that nothing was pasted.
      if (AgentRuntimeError.isInstance(error) && error.code === 'UNAVAILABLE') throw new NothingTyped(error);
      throw error;
    }
  }

  async #submit(): Promise<void> {
    await callTmux(this.#place, [leaveModes, ['send-keys', '-t', agentPane, this.#record.submitKey]]);
  }

  /** Until the terminal has shown something and rests, or for as long as that may take. */
  async #awaitEcho(before: number): Promise<void> {
    const deadline = performance.now() + echoMs;
    let last = before;
    let changed = performance.now();
    while (performance.now() < deadline) {
      await delay(stepMs);
      const now = await this.screen.written();
      if (now !== last) changed = performance.now();
      last = now;
      if (now > before && performance.now() - changed >= quietMs) return;
    }
  }

  async #isTyped(tail: string): Promise<boolean> {
    return (await this.screen.look()).cursorLine.includes(tail);
  }

  /** The text stood in the input line: once it stands there no more, the agent took it. */
  async #observe(tail: string): Promise<string | undefined> {
    for (let submits = 1; ; submits += 1) {
      const deadline = performance.now() + answerMs;
      while (performance.now() < deadline) {
        await delay(stepMs);
        if (await this.screen.hasEnded()) return 'the agent ended right after it was typed';
        if (!(await this.#isTyped(tail))) return undefined;
      }
      if (submits === maxSubmits) return `it still stands in the input line after ${maxSubmits} times Enter`;
      await this.#submit();
    }
  }

  /** The input line is not shown: Enter is repeated only while the agent shows no reaction at all. */
  async #observeBlindly(before: number): Promise<string> {
    for (let submits = 1; ; submits += 1) {
      const deadline = performance.now() + answerMs;
      while (performance.now() < deadline) {
        await delay(stepMs);
        if ((await this.screen.written()) > before || (await this.screen.hasEnded())) {
          return 'it was typed, and the agent does not show what it took';
        }
      }
      if (submits === maxSubmits) return `it was typed, and the agent showed no reaction to ${maxSubmits} times Enter`;
      if (!(await this.screen.isBracketed())) return 'it was typed, and the agent showed no reaction';
      await this.#submit();
    }
  }
}

/** Carries the error of a paste that provably did not happen. */
class NothingTyped extends Error {
  constructor(cause: AgentRuntimeError) {
    super(cause.message, { cause });
  }
}
