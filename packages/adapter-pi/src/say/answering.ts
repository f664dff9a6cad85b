import { AgentRuntimeError, throwIfAborted, type CallOptions, type Decision } from '@runtime/contracts';
import { answerOf } from '../translate/dialogs.ts';
import type { PiInput } from './pi-input.ts';
import type { PiOutput } from '../read/pi-output.ts';

/**
 * Answers Pi's dialogs, past the order of the instructions: a prompt may be waiting for the very answer.
 * Pi confirms no answer and ignores one for a dialog that is gone, so that repeating does no harm.
 */
export class Answering {
  readonly #input: PiInput;
  readonly #output: PiOutput;
  /** What was answered by us, by the decision. */
  readonly #answered = new Map<string, string>();

  constructor(input: PiInput, output: PiOutput) {
    this.#input = input;
    this.#output = output;
  }

  /** As `RuntimeSession.answer`. Another answer than before is CONFLICT. */
  async answer(approvalId: string, decision: Decision | 'cancelled', { signal }: CallOptions = {}): Promise<void> {
    throwIfAborted(signal);
    const dialog = this.#output.state.dialogs.get(approvalId);
    const before = this.#answered.get(approvalId);
    if (this.#output.ended || (!dialog && before === undefined)) {
      throw new AgentRuntimeError('NOT_FOUND', `Pi does not wait for an answer to ${approvalId.slice(0, 100)}`);
    }
    const said = JSON.stringify(decision);
    if (before === said) return;
    if (before !== undefined) throw new AgentRuntimeError('CONFLICT', 'this dialog was answered differently before');
    if (!dialog) return;
    const line = answerOf(dialog, decision);
    this.#answered.set(approvalId, said);
    try {
      await this.#input.write(line, signal ? { signal } : {});
    } catch (cause) {
      const error = AgentRuntimeError.from(cause, 'OUTCOME_UNKNOWN');
      if (error.code !== 'OUTCOME_UNKNOWN') this.#answered.delete(approvalId);
      throw error;
    }
  }

  /** Answers everything that is open as cancelled, so that nothing blocks an abort. */
  cancelAll(): void {
    for (const id of this.#output.state.dialogs.keys()) {
      if (this.#answered.has(id)) continue;
      // Fails only when Pi is gone, and then nothing is blocked any more.
      this.answer(id, 'cancelled').catch(() => {});
    }
  }
}
