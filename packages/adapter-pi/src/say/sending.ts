import { abortable, AgentRuntimeError, throwIfAborted, type CallOptions, type Instruction } from '@runtime/contracts';
import type { PiOutput } from '../read/pi-output.ts';
import { turnIdOf } from '../translate/state.ts';
import { piEndedError, type PiInput } from './pi-input.ts';
import { promptCommand } from './prompt-line.ts';
import type { SentMarks } from './sent-marks.ts';

/** How long to wait, in ms, for evidence of an instruction in doubt after Pi has answered everything before it. */
const doubtMs = 5000;

/** How long, in ms, an accepted prompt may need until its turn begins. */
const beginMs = 1000;

/**
 * Sends instructions one at a time and each at most once, also across owners of the run.
 *
 * Pi loses the second of two prompts if it has acknowledged neither, so each prompt waits for the answer to the one
 * before. A mark shows how far an earlier owner got with an instruction. No mark: nothing was sent. `written`: Pi has
 * it or will read it. `sending`: the owner died during the write, so the instruction is in doubt until its answer or a
 * torn line shows up.
 */
export class Sending {
  readonly #input: PiInput;
  readonly #output: PiOutput;
  readonly #marks: SentMarks;
  /** Sent and not yet answered. */
  readonly #unacknowledged: Set<string>;
  readonly #doubtful: Set<string>;
  /** How many torn lines Pi had refused before this owner came. */
  readonly #tornBefore: number;
  readonly #sent = new Map<string, Promise<void>>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    input: PiInput,
    output: PiOutput,
    marks: SentMarks,
    { written, doubtful, tornBefore }: { written: string[]; doubtful: string[]; tornBefore: number },
  ) {
    this.#input = input;
    this.#output = output;
    this.#marks = marks;
    this.#unacknowledged = new Set(written);
    this.#doubtful = new Set(doubtful);
    this.#tornBefore = tornBefore;
    for (const id of written) this.#sent.set(id, Promise.resolve());
  }

  /**
   * Takes over from the earlier owners of the run, if there were any. `tornBefore` is the number of torn lines before
   * this owner ended a line that they may have left unfinished.
   */
  static async open(input: PiInput, output: PiOutput, marks: SentMarks, tornBefore: number): Promise<Sending> {
    const before = [...(await marks.read())];
    const ids = (wanted: string): string[] => before.filter(([, mark]) => mark === wanted).map(([id]) => id);
    return new Sending(input, output, marks, { written: ids('written'), doubtful: ids('sending'), tornBefore });
  }

  /** Pi has answered every prompt that was sent. */
  isAcknowledged(): boolean {
    return this.unacknowledged().length === 0;
  }

  /** The prompts that were sent, and that Pi has not answered. */
  unacknowledged(): string[] {
    for (const id of this.#unacknowledged) if (this.#output.answered.has(id)) this.#unacknowledged.delete(id);
    return [...this.#unacknowledged];
  }

  /**
   * Waits until Pi has answered every prompt, and the turns of those that it did not queue have begun. Between the two
   * Pi treats another prompt as the first one, and an abort does nothing. A prompt that an extension handles begins no
   * turn; then this waits for one second in vain.
   */
  async untilBegun(options: CallOptions & { readonly timeoutMs?: number } = {}): Promise<void> {
    await this.#output.until(() => this.isAcknowledged(), options);
    const hasBegun = (): boolean => {
      const { life, trail } = this.#output.state;
      return life.open || trail.starting.length === 0;
    };
    await this.#output.until(hasBegun, { ...options, timeoutMs: beginMs });
  }

  /** As `RuntimeSession.send`. A second call with the same id sends nothing and gets the result of the first. */
  send(instruction: Instruction, { signal }: CallOptions = {}): Promise<void> {
    const known = this.#sent.get(instruction.id);
    if (known) return known;
    const before = this.#last;
    // Aborting a call while it waits here sends nothing; a write that has begun is completed.
    const turn = abortable(before, signal).then(() => this.#sendNow(instruction, signal));
    this.#sent.set(instruction.id, turn);
    const settled = turn.catch((error: unknown) => {
      // Nothing was sent: another call may try again.
      if (!AgentRuntimeError.isInstance(error) || error.code !== 'OUTCOME_UNKNOWN') this.#sent.delete(instruction.id);
    });
    this.#last = before.then(() => settled);
    return turn;
  }

  async #sendNow(instruction: Instruction, signal: AbortSignal | undefined): Promise<void> {
    const { id } = instruction;
    const options = signal ? { signal } : {};
    throwIfAborted(signal);
    await this.#output.catchUp(options);
    if (this.#output.answered.has(id)) return;
    if (this.#doubtful.has(id) && (await this.#wasSent(id, options))) return;
    await this.untilBegun(options);
    if (this.#output.ended || !this.isAcknowledged()) throw piEndedError();
    checkConditions(instruction, this.#output);
    await this.#marks.sending(id);
    this.#unacknowledged.add(id);
    try {
      await this.#input.write(promptCommand(instruction), options);
    } catch (cause) {
      const error = AgentRuntimeError.from(cause, 'OUTCOME_UNKNOWN');
      if (error.code !== 'OUTCOME_UNKNOWN') {
        this.#unacknowledged.delete(id);
        await this.#marks.remove(id);
      }
      throw error;
    }
    // Pi has the instruction. Without the mark a later owner is in doubt, which it can resolve.
    await this.#marks.written(id).catch(() => {});
  }

  /**
   * Looks for an instruction whose owner died while writing it. Pi answers `get_state` in order, but the answer to a
   * prompt may come later, because Pi prepares the prompt first: a missing answer proves nothing. A line that Pi could
   * not parse does: it was this instruction, torn.
   */
  async #wasSent(id: string, options: CallOptions): Promise<boolean> {
    await this.#input.ask('get_state', options);
    const seen = (): boolean => this.#output.answered.has(id);
    const isTorn = (): boolean => this.#output.tornLines > this.#tornBefore;
    await this.#output.until(() => seen() || isTorn(), { ...options, timeoutMs: doubtMs });
    if (seen()) return true;
    if (!isTorn()) {
      throw new AgentRuntimeError('OUTCOME_UNKNOWN', `it is unknown whether Pi received instruction ${id}`, {
        hint: 'look at the conversation, and send the instruction again if it is missing',
      });
    }
    this.#doubtful.delete(id);
    return false;
  }
}

function checkConditions({ expiresAt, ifTurn }: Instruction, output: PiOutput): void {
  if (expiresAt !== undefined && Date.now() > expiresAt) {
    throw new AgentRuntimeError('CONFLICT', 'the instruction expired before it could be sent');
  }
  const { life } = output.state;
  if (ifTurn !== undefined && !(life.open && turnIdOf(output.state) === ifTurn)) {
    throw new AgentRuntimeError('CONFLICT', `turn ${ifTurn} is not running`, {
      hint: 'send the instruction without `ifTurn`, or not at all',
    });
  }
}
