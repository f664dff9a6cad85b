import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import type { Answering } from './answering.ts';
import { answerMs, type PiInput } from './pi-input.ts';
import type { Sending } from './sending.ts';
import type { PiOutput } from '../read/pi-output.ts';

export interface InterruptParts {
  readonly output: PiOutput;
  readonly input: PiInput;
  readonly sending: Sending;
  readonly answering: Answering;
}

/** No turn runs or is about to, nothing is queued. */
export function isIdle({ output, sending }: Pick<InterruptParts, 'output' | 'sending'>): boolean {
  const { life, trail } = output.state;
  const queued = trail.starting.length + trail.steering.length + trail.followUp.length;
  return sending.isAcknowledged() && !life.open && queued === 0;
}

/**
 * Ends the running turn. In this order, for each step would undo the one before if it came earlier: open dialogs are answered as cancelled,
 * since they block an abort; the answer to the last prompt is awaited, since an abort before it does nothing; the queue is emptied,
 * since an abort leaves it for the next turn; then the abort, and Pi's rest.
 */
export async function interruptTurn(parts: InterruptParts, { signal }: CallOptions = {}): Promise<void> {
  const { output, input, sending, answering } = parts;
  if (output.ended || isIdle(parts)) return;
  const options = signal ? { signal } : {};
  const cancelDialogs = (): void => answering.cancelAll();
  // A dialog may also open while we wait.
  const remove = output.listen(cancelDialogs);
  try {
    cancelDialogs();
    await sending.untilTaken({ ...options, timeoutMs: answerMs });
    if (output.ended) return;
    const cleared = await input.ask('clear_queue', options);
    await abort(parts, options);
    if (!cleared.success) await emptyOldQueue(parts, options);
  } catch (error) {
    if (output.ended) return; // the turn ended with the process
    throw error;
  } finally {
    remove();
  }
}

async function abort({ output, input, sending }: InterruptParts, options: CallOptions): Promise<void> {
  const late = !sending.isAcknowledged();
  await input.ask('abort', options);
  if (late) {
    // The abort may have come before Pi's answer to the prompt, where it does nothing.
    await sending.untilTaken({ ...options, timeoutMs: answerMs });
    await input.ask('abort', options);
  }
  const rests = (): boolean => !output.state.life.open && output.state.trail.starting.length === 0;
  if (await output.until(rests, { ...options, timeoutMs: answerMs })) return;
  if (output.ended) return;
  throw new AgentRuntimeError('DEADLINE_EXCEEDED', 'Pi took the abort and did not come to rest', {
    hint: 'stop the run',
  });
}

/** Before 0.84.4 nothing empties the queue but opening a session; opening the one that is open keeps the conversation. */
async function emptyOldQueue({ input, output }: InterruptParts, options: CallOptions): Promise<void> {
  await input.ask('get_state', options);
  if (!output.pi || output.pi.pendingMessageCount === 0) return;
  const sessionPath = output.pi.sessionFile;
  const opened =
    sessionPath === undefined ? undefined : await input.ask('switch_session', { ...options, fields: { sessionPath } });
  if (opened?.success) return;
  throw new AgentRuntimeError(
    'UNSUPPORTED',
    'this version of Pi cannot empty its queue: the turn was ended, what was queued will still be said',
    {
      hint: 'stop the run, or update Pi to 0.84.4 or later',
    },
  );
}
