import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import type { PiOutput } from '../read/pi-output.ts';
import type { Answering } from './answering.ts';
import { answerMs, type PiInput } from './pi-input.ts';
import type { Sending } from './sending.ts';

export interface InterruptParts {
  readonly output: PiOutput;
  readonly input: PiInput;
  readonly sending: Sending;
  readonly answering: Answering;
}

/** No turn is running or about to begin, and nothing is queued. */
export function isIdle({ output, sending }: Pick<InterruptParts, 'output' | 'sending'>): boolean {
  const { life, trail } = output.state;
  const queued = trail.starting.length + trail.steering.length + trail.followUp.length;
  return sending.isAcknowledged() && !life.open && queued === 0;
}

/**
 * Ends the running turn and empties Pi's queue. The order matters: open dialogs are cancelled first, because they block
 * an abort; then the answer to the last prompt is awaited, because an abort before it does nothing; then the queue is
 * cleared, because an abort leaves it for the next turn; then comes the abort, and the turn ends.
 */
export async function interruptTurn(parts: InterruptParts, { signal }: CallOptions = {}): Promise<void> {
  const { output, input, sending, answering } = parts;
  if (output.ended || isIdle(parts)) return;
  const options = signal ? { signal } : {};
  const cancelDialogs = (): void => answering.cancelAll();
  // Another dialog may open during the waits below.
  const remove = output.listen(cancelDialogs);
  try {
    cancelDialogs();
    await sending.untilBegun({ ...options, timeoutMs: answerMs });
    if (output.ended) return;
    const cleared = await input.ask('clear_queue', options);
    await abort(parts, options);
    if (!cleared.success) await emptyOldQueue(parts, options);
  } catch (error) {
    if (output.ended) return; // the turn has ended with the process
    throw error;
  } finally {
    remove();
  }
}

async function abort({ output, input, sending }: InterruptParts, options: CallOptions): Promise<void> {
  const late = !sending.isAcknowledged();
  await input.ask('abort', options);
  if (late) {
    // The abort may have come before the answer to the prompt, and then it did nothing.
    await sending.untilBegun({ ...options, timeoutMs: answerMs });
    await input.ask('abort', options);
  }
  const rests = (): boolean => !output.state.life.open && output.state.trail.starting.length === 0;
  if (await output.until(rests, { ...options, timeoutMs: answerMs })) return;
  if (output.ended) return;
  throw new AgentRuntimeError('DEADLINE_EXCEEDED', 'Pi accepted the abort, but the turn did not end', {
    hint: 'stop the run',
  });
}

/**
 * Before 0.84.4 Pi has no `clear_queue`. Only opening a session empties the queue; opening the current one keeps the
 * conversation.
 */
async function emptyOldQueue({ input, output }: InterruptParts, options: CallOptions): Promise<void> {
  await input.ask('get_state', options);
  if (!output.pi || output.pi.pendingMessageCount === 0) return;
  const sessionPath = output.pi.sessionFile;
  const opened =
    sessionPath === undefined ? undefined : await input.ask('switch_session', { ...options, fields: { sessionPath } });
  if (opened?.success) return;
  throw new AgentRuntimeError(
    'UNSUPPORTED',
    'this version of Pi cannot empty its queue: the turn was interrupted, but the agent will still get what was queued',
    {
      hint: 'stop the run, or update Pi to 0.84.4 or later',
    },
  );
}
