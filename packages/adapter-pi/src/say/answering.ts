import { AgentRuntimeError, throwIfAborted, type CallOptions, type Decision } from '@runtime/contracts';
import type { PiOutput } from '../read/pi-output.ts';
import { answerOf } from '../translate/dialogs.ts';
import type { PiInput } from './pi-input.ts';

/**
 * Answers Pi's dialogs without waiting for instructions that are being sent, because a prompt may wait for the answer.
 * Pi does not confirm answers and ignores one to a dialog that is gone, so repeating an answer is harmless.
 */
export class Answering {
  readonly #input: PiInput;
  readonly #output: PiOutput;
  /** The decisions that this owner sent, as JSON. */
  readonly #answered = new Map<string, string>();

  constructor(input: PiInput, output: PiOutput) {
    this.#input = input;
    this.#output = output;
  }

  /** As `RuntimeSession.answer`. Throws CONFLICT for an answer that differs from the one before. */
  async answer(approvalId: string, decision: Decision | 'cancelled', { signal }: CallOptions = {}): Promise<void> {
    throwIfAborted(signal);
    const dialog = this.#output.state.dialogs.get(approvalId);
    const before = this.#answered.get(approvalId);
    if (this.#output.ended || (!dialog && before === undefined)) {
      throw new AgentRuntimeError('NOT_FOUND', `Pi is not waiting for an answer to ${approvalId.slice(0, 100)}`);
    }
    const given = JSON.stringify(decision);
    if (before === given) return;
    if (before !== undefined) throw new AgentRuntimeError('CONFLICT', 'this dialog already has another answer');
    if (!dialog) return;
    const line = answerOf(dialog, decision);
    this.#answered.set(approvalId, given);
    try {
      await this.#input.write(line, signal ? { signal } : {});
    } catch (cause) {
      const error = AgentRuntimeError.from(cause, 'OUTCOME_UNKNOWN');
      if (error.code !== 'OUTCOME_UNKNOWN') this.#answered.delete(approvalId);
      throw error;
    }
  }

  /** Cancels every open dialog, so that none blocks an abort. */
  cancelAll(): void {
    for (const id of this.#output.state.dialogs.keys()) {
      if (this.#answered.has(id)) continue;
      // Fails only if Pi has ended, and then there is nothing to unblock.
      this.answer(id, 'cancelled').catch(() => {});
    }
  }
}
