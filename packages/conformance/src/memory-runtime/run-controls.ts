import type { Exit, SessionEvent } from '@runtime/contracts/adapter';
import type { ScriptedDecision } from './steps.ts';

/** What a step may do to the run in which it is played. */
export interface RunControls {
  readonly workspace: string;
  /** Aborted by an interrupt and by the end of the run. */
  readonly signal: AbortSignal;
  /** Appends one record to the journal. The caller has redacted its text. */
  emit(...events: SessionEvent[]): void;
  /** Removes the secrets from the pieces of one text, also those that are cut in two between pieces. */
  redact(pieces: readonly string[]): readonly string[];
  /** A new id for a message, a call or an approval; counted per run. */
  nextId(prefix: string): string;
  /** Adds a reply of the agent to the conversation, and reports every delivered instruction as observed. */
  recordReply(text: string): void;
  /** Delivers the steers that have come in; false when there was none. */
  takeSteers(): boolean;
  /** Resolves when a steer has come in. */
  nextSteer(): Promise<void>;
  /** Resolves with the answer to the approval. */
  waitForAnswer(approvalId: string): Promise<ScriptedDecision>;
  /** From now on `stop` has to wait for its grace. */
  ignoreStop(): void;
  /** Ends the process. Without an exit, none was observed. */
  endProcess(exit: Exit | undefined): void;
}
