import { openSession } from './session.ts';
import type { Pi } from './pi.ts';
import { playRun } from './run.ts';
import { pause, tick } from './wait.ts';
import { type Json, emit, stringOf } from './wire.ts';

/** The commands that start, steer and end runs, with the races they have in Pi. */
export interface Lane {
  /** Answers by itself, since a prompt is answered before its run. */
  prompt(command: Json, answer: Answerer): Promise<void>;
  /** Resolves after agent_settled; at once when no run has begun. */
  abort(): Promise<void>;
  newSession(): Promise<void>;
}

export type Answerer = (outcome: { data?: Json } | { error: string }) => void;

/** As long as Pi's own checks before a run, about: commands that come within it see no run. */
const preflightMs = 5;
const never = new AbortController().signal;

export function createLane(pi: Pi): Lane {
  let live: { readonly controller: AbortController; readonly done: Promise<void> } | undefined;
  let generation = 0;
  let preflight: Promise<void> | undefined;

  const settle = (aborted: boolean): void => {
    pi.isStreaming = false;
    if (!pi.dialect.settled) return;
    emit({ type: 'agent_settled', ...(pi.dialect.settledSaysAborted ? { aborted } : {}) });
  };
  const startRun = (text: string): void => {
    if (live !== undefined) {
      // Two prompts passed the check for a run in flight: the second is lost, and says that the first has settled.
      if (pi.dialect.settled) settle(false);
      return;
    }
    pi.isStreaming = true;
    const controller = new AbortController();
    const done = playRun(pi, text, controller.signal).then(() => {
      live = undefined;
      settle(controller.signal.aborted);
    });
    live = { controller, done };
  };
  const abort = async (): Promise<void> => {
    const aborted = live;
    aborted?.controller.abort();
    // The prompt that is being checked is not aborted by this, whatever the order of the answers.
    await (aborted?.done ?? (pi.dialect.abortWaitsForPrompt ? preflight : undefined));
  };

  return {
    abort,
    prompt: async (command, answer) => {
      const text = stringOf(command, 'message');
      if (text === undefined) return answer({ error: "Cannot read properties of undefined (reading 'startsWith')" });
      const disposition = (name: string): { data?: Json } =>
        pi.dialect.disposition ? { data: { disposition: name } } : {};
      if (pi.isStreaming) {
        const behavior = stringOf(command, 'streamingBehavior');
        if (behavior === undefined) return answer({ error: alreadyProcessing });
        // Any other word is taken for `steer`.
        pi.queue.add(behavior === 'followUp' ? 'followUp' : 'steer', text);
        return answer(disposition('queued'));
      }
      const asked = generation;
      // One timer for all that come within it: two would leave it to chance whether the race is seen.
      preflight ??= pause(preflightMs, never).finally(() => (preflight = undefined));
      await preflight;
      answer(disposition('started'));
      await tick();
      // A new session came in between: the prompt was answered and is gone.
      if (asked === generation) startRun(text);
    },
    newSession: async () => {
      generation += 1;
      await abort();
      await pause(2 * preflightMs, never);
      pi.queue.reset();
      pi.session = openSession(pi.args, true);
    },
  };
}

const alreadyProcessing =
  "Agent is already processing. Specify streamingBehavior ('steer' or 'followUp') to queue the message.";
