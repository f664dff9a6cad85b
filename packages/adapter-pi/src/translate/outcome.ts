import type { OutcomeCode, RunOutcome } from '@runtime/contracts';
import { classifyMessage, codeOfSignal, namedWaitMs, type Exit } from '@runtime/contracts/adapter';
import { headOf } from '@runtime/adapter-kit/source';

/** How the last assistant message of a turn ended. */
export interface LastMessage {
  readonly stopReason: string | undefined;
  readonly errorMessage: string | undefined;
  /** When it was written, in Unix ms. */
  readonly timestamp: number | undefined;
}

const failed = (code: OutcomeCode, message: string, retryAfterMs?: number): RunOutcome => ({
  status: 'failed',
  code,
  message: headOf(message, 8192),
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** Pi's own pauses between attempts are 2, 4 and 8 s; a longer one is what the provider asked for. */
const ownPauseMs = 10_000;
/** After these ends a text may say when the provider can be asked again. */
const limits: ReadonlySet<OutcomeCode> = new Set(['rate_limit', 'quota', 'overloaded', 'network']);

/** The failure of a model call, in its own words, with the wait that these or Pi's last pause name. */
function failedCall(
  text: string,
  { timestamp, pauseMs }: { timestamp?: number | undefined; pauseMs?: number },
): RunOutcome {
  const code = classifyMessage(text);
  if (!limits.has(code)) return failed(code, text);
  const paused = pauseMs !== undefined && pauseMs >= ownPauseMs ? Math.ceil(pauseMs) : undefined;
  return failed(code, text, namedWaitMs(text, timestamp) ?? paused);
}

/** What is known of the end of a turn beside its last message. */
export interface TurnEnd {
  /**
   * We interrupted the turn, or Pi reports that it was aborted. The stop reason alone is not enough: 0.87 reports an
   * abort during a tool as an error.
   */
  readonly interrupted: boolean;
  /** Records were spoiled, perhaps that of the last message. */
  readonly lost: boolean;
  /** How long Pi paused before its last attempt. */
  readonly pauseMs: number;
}

/**
 * The outcome of a turn after which Pi settled. An answer that was complete before the interrupt remains a success.
 */
export function turnOutcome(last: LastMessage | undefined, { interrupted, lost, pauseMs }: TurnEnd): RunOutcome {
  const reason = last?.stopReason;
  const text = last?.errorMessage ?? '';
  if (reason === 'stop') return { status: 'succeeded' };
  if (interrupted || reason === 'aborted')
    return { status: 'cancelled', ...(text ? { message: headOf(text, 8192) } : {}) };
  if (reason === 'error') {
    if (text === '') return failed('model_error', 'Pi reported an error without a message');
    return failedCall(text, { timestamp: last?.timestamp, pauseMs });
  }
  if (reason === 'length') {
    return failed(classifyMessage(text, 'unknown'), text || "The answer was cut off at the model's output limit");
  }
  if (reason === undefined || reason === 'pending')
    return failed('unknown', 'The turn ended without an answer of the agent');
  if (lost) return failed('unknown', 'Foreign bytes in the output of Pi spoiled its last answer');
  // toolUse, and what later versions add: a tool may end the turn without another message.
  return { status: 'succeeded' };
}

/** The outcome of a prompt that Pi rejected. */
export function refusedPrompt(error: string): RunOutcome {
  const code = classifyMessage(error, 'unknown');
  return limits.has(code) ? failedCall(error, {}) : failed(code, error);
}

/** The outcome of a turn during which the process ended. */
export function diedOutcome(exit: Exit, interrupted: boolean): RunOutcome {
  if (interrupted) return { status: 'cancelled', message: 'Pi ended during the interrupt' };
  if (exit.kind === 'signaled') {
    return failed(codeOfSignal(exit.signal), `Pi was killed by ${exit.signal} during the turn`);
  }
  if (exit.kind === 'exited') return failed('crashed', `Pi exited with code ${exit.code} during the turn`);
  return failed('crashed', `Pi ended during the turn: ${exit.why}`);
}
