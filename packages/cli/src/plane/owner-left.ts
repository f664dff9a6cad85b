import { AgentRuntimeError } from '@runtime/contracts';
import { shortId } from '../render/short-id.ts';

/** True where the owner left because somebody stopped it. */
export const wasStopped = (reason: unknown): boolean => successorOf(reason) === false;

/** True where the owner left to another one, which is about to come. */
export const wasReplaced = (reason: unknown): boolean => successorOf(reason) === true;

const successorOf = (reason: unknown): unknown =>
  AgentRuntimeError.isInstance(reason) ? reason.details?.['successor'] : undefined;

/** What ends a view whose owner was stopped: as Ctrl-C, it ends nothing else. `program` is how to call this program. */
export const ownerStopped = (program: string, taskId: string): AgentRuntimeError =>
  new AgentRuntimeError('CANCELLED', 'the owner was stopped; agents go on', {
    hint: `to watch again: ${program} watch ${shortId(taskId)}`,
    details: { taskId, successor: false },
  });
