import {
  AgentRuntimeError,
  decisionSchema,
  idSchema,
  instructionLevelSchema,
  partsSchema,
  type Decision,
  type Part,
} from '@runtime/contracts';
import { currentRun, openApprovals, type InstructionState, type TaskState } from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';
import { z } from 'zod';
import { nextAttempt } from '../task/next-attempt.ts';
import { listed, listParamsSchema } from './list-tasks.ts';
import { parseWith } from '../client/parse.ts';
import type { Plane } from '../plane/plane.ts';
import { nextStep } from '../task/what-follows.ts';
import { checkPrompt } from './submit.ts';
import { waitForLevel, waitForOutcome } from './receipts.ts';

const taskParams = { taskId: idSchema };
/** Names by which the log tells what nobody asked for: a decision by `runtime` is one that the runtime knows. */
const ownNames: ReadonlySet<string> = new Set(['runtime', 'plane', 'clock']);
const by = z
  .string()
  .max(200)
  .refine((name) => !ownNames.has(name), 'the name is one of the plane itself')
  .default('api');
const actParams = { ...taskParams, by, why: z.string().max(2000).optional() };
const maxInstructions = 1000;

export const sendParamsSchema = z.strictObject({
  ...taskParams,
  mode: z.enum(['steer', 'followUp']),
  parts: partsSchema,
  key: z.string().min(1).max(200).optional(),
  expiresAt: z.int().optional(),
  ifTurn: z.string().max(64).optional(),
  by,
});

interface Method {
  readonly params: z.ZodType;
  call(plane: Plane, params: never, signal: AbortSignal): Promise<unknown>;
}

function method<S extends z.ZodType>(
  params: S,
  call: (plane: Plane, params: z.output<S>, signal: AbortSignal) => Promise<unknown>,
): Method {
  return { params, call };
}

/** Everything that can be asked of a plane, as plain data in and out: in this process, over the socket, from another copy of this module. */
const methods: Readonly<Record<string, Method>> = {
  submit: method(z.looseObject({}), (plane, params) => plane.submit(params)),
  'task.status': method(z.strictObject(taskParams), async (plane, { taskId }) => plane.view(taskId)),
  'task.outcome': method(z.strictObject(taskParams), waitForOutcome),
  'task.send': method(sendParamsSchema, send),
  'task.level': method(
    z.strictObject({ ...taskParams, instructionId: idSchema }),
    async (plane, { taskId, instructionId }) => {
      const instruction = (await plane.state(taskId)).instructions[instructionId];
      if (!instruction) throw new AgentRuntimeError('NOT_FOUND', `task ${taskId} has no instruction ${instructionId}`);
      return instruction.level;
    },
  ),
  'task.reached': method(
    z.strictObject({ ...taskParams, instructionId: idSchema, level: instructionLevelSchema }),
    waitForLevel,
  ),
  'task.interrupt': method(z.strictObject(actParams), interrupt),
  'task.cancel': method(z.strictObject(actParams), cancel),
  'task.close': method(z.strictObject(actParams), close),
  'task.answer': method(
    z.strictObject({ ...actParams, approvalId: z.string().min(1).max(512), decision: decisionSchema }),
    answer,
  ),
  'tasks.list': method(listParamsSchema, async (plane, params) => listed(plane.views(), params)),
  runtimes: method(z.strictObject({ refresh: z.boolean().default(false) }), (plane, { refresh }) =>
    plane.reports(refresh),
  ),
};

/** Calls a method by name. NOT_FOUND for one that is not there, INVALID_ARGUMENT for parameters that do not fit. */
export async function callMethod(plane: Plane, name: string, params: unknown, signal: AbortSignal): Promise<unknown> {
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!found) throw new AgentRuntimeError('NOT_FOUND', `there is no method ${JSON.stringify(name.slice(0, 80))}`);
  return found.call(plane, parseWith(found.params, params, name) as never, signal);
}

async function send(plane: Plane, params: z.output<typeof sendParamsSchema>): Promise<{ instructionId: string }> {
  checkPrompt(params.parts);
  // Whoever missed the first answer may ask again after the end.
  if (params.key !== undefined && !plane.liveActor(params.taskId)) {
    const known = sentBefore(await plane.state(params.taskId), params);
    if (known) return { instructionId: known.id };
  }
  const actor = plane.actor(params.taskId);
  let instructionId = plane.ctx.newId('ins');
  await actor.transact((state) => {
    const known = sentBefore(state, params);
    if (known) {
      instructionId = known.id;
      return [];
    }
    refuseSend(state, params.mode);
    const { taskId: _id, ...rest } = params;
    return [{ type: 'instruction.queued', instructionId, ...rest }];
  });
  actor.wake();
  return { instructionId };
}

/** The instruction that this key was used for. CONFLICT when it said something else. */
function sentBefore(
  state: TaskState,
  { key, mode, parts }: z.output<typeof sendParamsSchema>,
): InstructionState | undefined {
  const known = key === undefined ? undefined : Object.values(state.instructions).find((each) => each.key === key);
  if (known && (known.mode !== mode || !sameParts(known, parts)))
    throw new AgentRuntimeError('CONFLICT', `the key ${JSON.stringify(key)} was used for another instruction`);
  return known;
}

const sameParts = (known: InstructionState, parts: readonly Part[]): boolean =>
  JSON.stringify(known.parts) === JSON.stringify(parts);

function refuseSend(state: TaskState, mode: 'steer' | 'followUp'): void {
  const run = currentRun(state);
  const over = (why: string): AgentRuntimeError =>
    new AgentRuntimeError('CONFLICT', `task ${state.id} ${why}`, {
      hint: 'continue the conversation in a new task: submit({ continueOf }), runtime run --continue',
    });
  if (state.outcome) throw over(`has ended (${state.outcome.status})`);
  if (state.cancel) throw over('is being cancelled');
  if (state.closeRequested) throw over('takes no more instructions: it was closed');
  const waits = nextAttempt(state) !== undefined || openApprovals(state).length > 0;
  if (!run && !waits && nextStep(state, 0).kind === 'end') throw over('is ending: this came too late for its last run');
  if (run?.status === 'stopping') throw over('is ending: this came too late for its run');
  if (run?.capabilities && (mode === 'steer' ? run.capabilities.steer === 'none' : !run.capabilities.followUp)) {
    throw new AgentRuntimeError(
      'UNSUPPORTED',
      `${run.target.runtime} takes no ${mode === 'steer' ? 'steer' : 'follow-up'}`,
      {
        hint: 'submit with needs, so that only a runtime is chosen that can',
      },
    );
  }
  if (Object.keys(state.instructions).length >= maxInstructions) {
    throw new AgentRuntimeError('EXHAUSTED', `a task takes at most ${maxInstructions} instructions`, {
      retry: 'never',
    });
  }
}

interface Act {
  readonly taskId: string;
  readonly by: string;
  readonly why?: string | undefined;
}

const said = ({ by, why }: Act): { by: string; why?: string } => ({ by, ...(why === undefined ? {} : { why }) });

async function interrupt(plane: Plane, act: Act): Promise<null> {
  const actor = plane.actor(act.taskId);
  await actor.transact((state) => {
    const run = currentRun(state);
    if (!run?.capabilities || run.status !== 'active') {
      throw new AgentRuntimeError('CONFLICT', `nothing of task ${act.taskId} is running that could be interrupted`, {
        hint: 'cancel ends the task',
      });
    }
    if (!run.capabilities.interrupt) {
      throw new AgentRuntimeError('UNSUPPORTED', `${run.target.runtime} cannot end a turn and keep its session`, {
        hint: 'cancel ends the task',
      });
    }
    if (run.interrupted) return [];
    const open = openApprovals(state).filter(({ runId }) => runId === run.runId);
    return [
      ...open.map(({ id }): NewEvent => ({
        type: 'approval.resolved',
        approvalId: id,
        resolution: { kind: 'cancelled' },
        by: act.by,
      })),
      { type: 'interrupt.requested', runId: run.runId, ...said(act) },
    ];
  });
  actor.wake();
  return null;
}

async function cancel(plane: Plane, act: Act): Promise<null> {
  const actor = plane.liveActor(act.taskId);
  if (actor?.state.cancel) return null;
  const live = plane.actor(act.taskId);
  await live.transact((state) => (state.cancel ? [] : [{ type: 'cancel.requested', ...said(act) }]));
  live.wake();
  return null;
}

async function close(plane: Plane, act: Act): Promise<null> {
  const actor = plane.liveActor(act.taskId);
  // Closed is closed: asking for it again, or after the end, is fine.
  if (!actor) return null;
  await actor.transact((state) =>
    state.closeRequested || state.outcome ? [] : [{ type: 'close.requested', ...said(act) }],
  );
  actor.wake();
  return null;
}

async function answer(plane: Plane, act: Act & { approvalId: string; decision: Decision }): Promise<null> {
  const actor = plane.actor(act.taskId);
  await actor.transact((state) => {
    const approval = state.approvals[act.approvalId];
    if (!approval)
      throw new AgentRuntimeError(
        'NOT_FOUND',
        `task ${act.taskId} has no approval ${JSON.stringify(act.approvalId.slice(0, 80))}`,
      );
    const resolution = { kind: 'answered' as const, decision: act.decision };
    if (approval.resolution) {
      if (JSON.stringify(approval.resolution) === JSON.stringify(resolution)) return [];
      throw new AgentRuntimeError('CONFLICT', `the approval was ${approval.resolution.kind} already`, {
        details: { resolution: approval.resolution },
      });
    }
    const { choice, value } = act.decision;
    if (choice !== undefined && !approval.choices.some(({ id }) => id === choice)) {
      throw new AgentRuntimeError('INVALID_ARGUMENT', `${JSON.stringify(choice)} is none of the choices`, {
        hint: `choose one of: ${approval.choices.map(({ id }) => id).join(', ')}`,
      });
    }
    if (choice === undefined && (value === undefined || !approval.input)) {
      throw new AgentRuntimeError(
        'INVALID_ARGUMENT',
        approval.input ? 'the answer is empty' : 'the answer names no choice',
        {
          hint: `choose one of: ${approval.choices.map(({ id }) => id).join(', ')}`,
        },
      );
    }
    return [{ type: 'approval.resolved', approvalId: approval.id, resolution, ...said(act) }];
  });
  actor.wake();
  return null;
}
