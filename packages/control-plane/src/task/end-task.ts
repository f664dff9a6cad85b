import type { RunOutcome } from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';
import { closedApprovals } from '../run/ending-events.ts';
import type { TaskActor } from './task-actor.ts';

/** The last event of the stream, after what is open has been closed. */
export async function endTask(actor: TaskActor, outcome: RunOutcome): Promise<boolean> {
  await actor.record((state) => [...closeOpenEnds(state), { type: 'task.ended', outcome }]);
  actor.ctx.leases.releaseAll(actor.id);
  return false;
}

function closeOpenEnds(state: TaskState): NewEvent[] {
  const instructions = Object.values(state.instructions).flatMap(({ id, level }): NewEvent[] => {
    if (level === 'queued')
      return [{ type: 'instruction.declined', instructionId: id, reason: 'the task ended before it was sent' }];
    if (level === 'sending' || level === 'accepted') {
      return [
        { type: 'instruction.unknown', instructionId: id, reason: 'the task ended before it was seen to enter a turn' },
      ];
    }
    return [];
  });
  return [...closedApprovals(state), ...instructions];
}
