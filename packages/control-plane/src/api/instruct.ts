import { AgentRuntimeError, idSchema, partsSchema, type Part } from '@runtime/contracts';
import {
  currentRun,
  isBeingChecked,
  openApprovals,
  type InstructionState,
  type RunState,
  type TaskState,
} from '@runtime/contracts/fold';
import { z } from 'zod';
import { nextAttempt } from '../attempt/next-attempt.ts';
import { nextStep } from '../attempt/what-follows.ts';
import { tooLateHint } from '../plane/continuation.ts';
import type { Plane } from '../plane/plane.ts';
import { actorSchema } from './act.ts';
import { checkPrompt } from './submit.ts';

/** Of one task: a task ends with what becomes of each of them, in one append. */
export const maxInstructions = 1000;

export const sendParamsSchema = z.strictObject({
  taskId: idSchema,
  mode: z.enum(['steer', 'followUp']),
  parts: partsSchema,
  key: z.string().min(1).max(200).optional(),
  expiresAt: z.int().optional(),
  ifTurn: z.string().max(64).optional(),
  by: actorSchema,
});
type SendParams = z.output<typeof sendParamsSchema>;

/** Queues an instruction, durably. The same key returns the first receipt, also after the task's end. */
export async function send(plane: Plane, params: SendParams): Promise<{ instructionId: string }> {
  checkPrompt(params.parts);
  if (params.key !== undefined && !plane.unfinishedTask(params.taskId)) {
    const known = sentBefore(await plane.state(params.taskId), params);
    if (known) return { instructionId: known.id };
  }
  const task = await plane.task(params.taskId, 'talk');
  let instructionId = plane.ctx.newId('ins');
  await task.transact((state) => {
    const known = sentBefore(state, params);
    if (known) {
      instructionId = known.id;
      return [];
    }
    checkSend(state, params.mode);
    const { taskId: _id, ...rest } = params;
    return [{ type: 'instruction.queued', instructionId, ...rest }];
  });
  task.wake();
  return { instructionId };
}

/** The instruction that this key was used for. CONFLICT when its content was another. */
function sentBefore(state: TaskState, { key, mode, parts }: SendParams): InstructionState | undefined {
  const known = key === undefined ? undefined : Object.values(state.instructions).find((each) => each.key === key);
  if (known && (known.mode !== mode || !sameParts(known, parts)))
    throw new AgentRuntimeError('CONFLICT', `the key ${JSON.stringify(key)} was used for another instruction`);
  return known;
}

const sameParts = (known: InstructionState, parts: readonly Part[]): boolean =>
  JSON.stringify(known.parts) === JSON.stringify(parts);

/** Throws when the task takes no further instruction of this mode. */
function checkSend(state: TaskState, mode: 'steer' | 'followUp'): void {
  const run = currentRun(state);
  const why = reasonItIsTooLate(state, run);
  if (why !== undefined) {
    throw new AgentRuntimeError('CONFLICT', `task ${state.id} ${why}`, {
      hint: tooLateHint(state),
    });
  }
  if (run?.capabilities && (mode === 'steer' ? run.capabilities.steer === 'none' : !run.capabilities.followUp)) {
    const message = `${run.target.runtime} takes no ${mode === 'steer' ? 'steer' : 'follow-up'}`;
    throw new AgentRuntimeError('UNSUPPORTED', message, {
      hint: 'submit with needs, so that only a runtime is chosen that can',
    });
  }
  if (Object.keys(state.instructions).length >= maxInstructions) {
    const message = `a task takes at most ${maxInstructions} instructions`;
    throw new AgentRuntimeError('EXHAUSTED', message, { retry: 'never' });
  }
}

function reasonItIsTooLate(state: TaskState, run: RunState | undefined): string | undefined {
  if (state.outcome) return `has ended (${state.outcome.status})`;
  if (state.cancel) return 'is being cancelled';
  if (state.close) return 'was closed and takes no more instructions';
  const waits = nextAttempt(state) !== undefined || openApprovals(state).length > 0 || isBeingChecked(state);
  if (!run && !waits && nextStep(state, 0).kind === 'end') return 'is ending: its last run is over';
  if (run?.status === 'stopping') return 'is ending: its run is being stopped';
  return undefined;
}
