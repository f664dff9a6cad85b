import { abortable, AgentRuntimeError, throwIfAborted, type CallOptions, type Instruction } from '@runtime/contracts';
import { turnIdOf } from '../translate/state.ts';
import { ended, type PiInput } from './pi-input.ts';
import { promptCommand } from './prompt-line.ts';
import type { SentMarks } from './sent-marks.ts';
import type { PiOutput } from '../read/pi-output.ts';

/** How long an instruction in doubt may show itself after Pi has answered everything before it. */
const doubtMs = 5000;

/** How long a prompt that was taken may need until it begins. */
const beginMs = 1000;

/**
 * Sends instructions one at a time, each at most once, whoever sent it first.
 *
 * Pi loses the second of two prompts of which it has acknowledged neither, so that the next one waits for the answer to the one before.
 * What an earlier owner had begun to send is told by its mark: none, nothing left. `written`, Pi has it or will read it.
 * `sending`, its owner died in the very moment: it is in doubt until its answer or a torn line is seen.
 */
export class Sending {
  readonly #input: PiInput;
  readonly #output: PiOutput;
  readonly #marks: SentMarks;
  /** Handed over, and not yet answered. */
  readonly #unacknowledged: Set<string>;
  readonly #doubtful: Set<string>;
  /** Lines that were torn, and refused by Pi, before this owner. */
  readonly #tornBefore: number;
  readonly #handedOver = new Map<string, Promise<void>>();
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
    for (const id of written) this.#handedOver.set(id, Promise.resolve());
  }

  /** Takes over from whoever sent before, if anybody did. `tornBefore`: the torn lines that were seen before ours was ended. */
  static async open(input: PiInput, output: PiOutput, marks: SentMarks, tornBefore: number): Promise<Sending> {
    const before = [...(await marks.read())];
    const ids = (wanted: string): string[] => before.filter(([, mark]) => mark === wanted).map(([id]) => id);
    return new Sending(input, output, marks, { written: ids('written'), doubtful: ids('sending'), tornBefore });
  }

  /** Every prompt that was handed over is answered. */
  isAcknowledged(): boolean {
    for (const id of this.#unacknowledged) if (this.#output.answered.has(id)) this.#unacknowledged.delete(id);
    return this.#unacknowledged.size === 0;
  }

  /**
   * Pi has answered every prompt, and those that it did not queue have begun: in the moment between the two Pi takes a second prompt
   * for a first, and an abort for one of nothing. A prompt that an extension handles begins nothing: then this waits in vain, and not for long.
   */
  async untilTaken(options: CallOptions & { readonly timeoutMs?: number } = {}): Promise<void> {
    await this.#output.until(() => this.isAcknowledged(), options);
    const hasBegun = (): boolean => {
      const { life, trail } = this.#output.state;
      return life.open || trail.starting.length === 0;
    };
    await this.#output.until(hasBegun, { ...options, timeoutMs: beginMs });
  }

  /** As `RuntimeSession.send`. The same id again is not sent again: it resolves or fails as the first time. */
  send(instruction: Instruction, { signal }: CallOptions = {}): Promise<void> {
    const known = this.#handedOver.get(instruction.id);
    if (known) return known;
    const before = this.#last;
    // Who stops waiting for their turn has sent nothing; a write that has begun is seen through.
    const turn = abortable(before, signal).then(() => this.#sendNow(instruction, signal));
    this.#handedOver.set(instruction.id, turn);
    const settled = turn.catch((error: unknown) => {
      // Provably nothing was sent: it may be tried again.
      if (!AgentRuntimeError.isInstance(error) || error.code !== 'OUTCOME_UNKNOWN')
        this.#handedOver.delete(instruction.id);
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
    await this.untilTaken(options);
    if (this.#output.ended || !this.isAcknowledged()) throw ended();
    checkConditions(instruction, this.#output);
    await this.#marks.sending(id);
    this.#unacknowledged.add(id);
    try {
      await this.#input.write(promptCommand(instruction), options);
    } catch (cause) {
      const error = AgentRuntimeError.from(cause, 'OUTCOME_UNKNOWN');
      if (error.code !== 'OUTCOME_UNKNOWN') {
        this.#unacknowledged.delete(id);
        await this.#marks.taken(id);
      }
      throw error;
    }
    // Without the mark a later owner is in doubt, which it can settle; Pi has it all the same.
    await this.#marks.written(id).catch(() => {});
  }

  /**
   * Looks for an instruction whose owner died while writing it. `get_state` is answered in order, but a prompt's own answer may come later,
   * since Pi makes ready first: that it is not there yet proves nothing. A line that Pi could not parse does: that was it, torn.
   */
  async #wasSent(id: string, options: CallOptions): Promise<boolean> {
    await this.#input.ask('get_state', options);
    const seen = (): boolean => this.#output.answered.has(id);
    const isTorn = (): boolean => this.#output.tornLines > this.#tornBefore;
    await this.#output.until(() => seen() || isTorn(), { ...options, timeoutMs: doubtMs });
    if (seen()) return true;
    if (!isTorn()) {
      throw new AgentRuntimeError('OUTCOME_UNKNOWN', `nobody can tell whether Pi was given instruction ${id}`, {
        hint: 'look at the conversation, and say it again if it is missing',
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
      hint: 'send it without the condition, or not at all',
    });
  }
}
