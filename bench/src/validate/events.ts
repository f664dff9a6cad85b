import { parseSessionEvent, type SessionEvent } from '@runtime/contracts/adapter';
import { realTask } from '../kinds/real-task.ts';

const text = 'Reading the test, then the code under it, to see where the two disagree about the time. '.repeat(2);

/** What the adapter reported of a real task, in its order. */
export const reported: readonly SessionEvent[] = realTask(1).flatMap((event) => parseSessionEvent(event) ?? []);

/** One event of each kind that an agent gives most, at about 256 bytes as JSON. */
export const kinds: readonly SessionEvent[] = [
  { type: 'text.delta', messageId: 'msg-1', text },
  { type: 'reasoning.delta', messageId: 'msg-1', text },
  { type: 'tool.delta', callId: 'call-1', mode: 'append', text },
  { type: 'output.delta', source: 'stdout', text },
  { type: 'message.completed', messageId: 'msg-1', text },
  { type: 'tool.started', callId: 'call-1', name: 'bash', input: { command: `echo "${text}"` } },
  { type: 'tool.ended', callId: 'call-1', ok: true, output: text },
  { type: 'instruction.observed', instructionId: 'instruction-01k0' },
];
