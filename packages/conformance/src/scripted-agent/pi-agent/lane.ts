import type { Pi } from './pi.ts';
import { playRun } from './run.ts';
import { openSession } from './session.ts';
import { pause, tick } from './wait.ts';
import { type Json, emit, stringOf } from './wire.ts';

/** Answers a `prompt` command. */
type Answerer = (outcome: { data?: Json } | { error: string }) => void;

/** Roughly as long as Pi's own checks before a run. A command that comes within it sees no run. */
const preflightMs = 5;
const never = new AbortController().signal;

const alreadyProcessing =
  "Agent is already processing. Specify streamingBehavior ('steer' or 'followUp') to queue the message.";

/** The commands that start, steer and end runs, with the races they have in Pi. */
export class Lane {
  readonly #pi: Pi;
  #run: { readonly controller: AbortController; readonly done: Promise<void> } | undefined;
  /** Counts sessions: a prompt that was checked under an older one is lost. */
  #generation = 0;
  #preflight: Promise<void> | undefined;

  constructor(pi: Pi) {
    this.#pi = pi;
  }

  /** Calls `answer` before the run starts, as Pi does. */
  async prompt(command: Json, answer: Answerer): Promise<void> {
    const text = stringOf(command, 'message');
    if (text === undefined) return answer({ error: "Cannot read properties of undefined (reading 'startsWith')" });
    if (this.#pi.isStreaming) return this.#enqueue(command, text, answer);
    const asked = this.#generation;
    // One timer for all prompts that come within it: with two, chance would decide whether the race shows.
    this.#preflight ??= pause(preflightMs, never).finally(() => (this.#preflight = undefined));
    await this.#preflight;
    answer(this.#disposition('started'));
    await tick();
    // A new session came in between: the prompt was answered and is lost.
    if (asked === this.#generation) this.#startRun(text);
  }

  /** Resolves after agent_settled; at once when no run has started. */
  async abort(): Promise<void> {
    const aborted = this.#run;
    aborted?.controller.abort();
    // The prompt that is being checked is not aborted by this, whatever the order of the answers.
    await (aborted?.done ?? (this.#pi.dialect.abortWaitsForPrompt ? this.#preflight : undefined));
  }

  async newSession(): Promise<void> {
    this.#generation += 1;
    await this.abort();
    await pause(2 * preflightMs, never);
    this.#pi.queue.reset();
    this.#pi.session = openSession(this.#pi.args, true);
  }

  #enqueue(command: Json, text: string, answer: Answerer): void {
    const behavior = stringOf(command, 'streamingBehavior');
    if (behavior === undefined) return answer({ error: alreadyProcessing });
    // Any other word is treated as `steer`.
    this.#pi.queue.add(behavior === 'followUp' ? 'followUp' : 'steer', text);
    answer(this.#disposition('queued'));
  }

  #disposition(name: string): { data?: Json } {
    return this.#pi.dialect.disposition ? { data: { disposition: name } } : {};
  }

  #startRun(text: string): void {
    if (this.#run !== undefined) {
      // Two prompts passed the check for a run in flight: the second is lost and reports the first as settled.
      if (this.#pi.dialect.settled) this.#settle(false);
      return;
    }
    this.#pi.isStreaming = true;
    const controller = new AbortController();
    const done = playRun(this.#pi, text, controller.signal).then(() => {
      this.#run = undefined;
      this.#settle(controller.signal.aborted);
    });
    this.#run = { controller, done };
  }

  #settle(aborted: boolean): void {
    this.#pi.isStreaming = false;
    if (!this.#pi.dialect.settled) return;
    emit({ type: 'agent_settled', ...(this.#pi.dialect.settledSaysAborted ? { aborted } : {}) });
  }
}
