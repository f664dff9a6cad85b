import {
  AgentRuntimeError,
  instructionLevelSchema,
  steerCapabilitySchema,
  type InstructionLevel,
  type RunOutcome,
} from '@runtime/contracts';
import { currentRun, type TaskState } from '@runtime/contracts/fold';
import type { Plane } from '../plane/plane.ts';
import type { TaskActor } from '../task/task-actor.ts';

interface Awaited {
  readonly taskId: string;
  readonly instructionId: string;
  readonly level: InstructionLevel;
}

const rank = (level: InstructionLevel): number => instructionLevelSchema.options.indexOf(level);
const proven: ReadonlySet<InstructionLevel> = new Set(['queued', 'sending', 'accepted', 'delivered', 'observed']);

/** Waits for the end of a task; the outcome at once when it has ended. */
export async function waitForOutcome(
  plane: Plane,
  { taskId }: { readonly taskId: string },
  signal: AbortSignal,
): Promise<RunOutcome> {
  for (;;) {
    const actor = plane.liveActor(taskId);
    const seen = actor?.bell.rings ?? 0;
    const { outcome } = actor ? actor.state : plane.view(taskId);
    if (outcome) return outcome;
    await changedSince(plane, actor, seen, signal);
  }
}

async function changedSince(
  plane: Plane,
  actor: TaskActor | undefined,
  seen: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw AgentRuntimeError.from(signal.reason, 'CANCELLED');
  await actor?.bell.wait(seen, { signal: AbortSignal.any([signal, plane.ctx.closing]) });
  if (plane.ctx.closing.aborted)
    throw new AgentRuntimeError('UNAVAILABLE', 'the plane is closing', {
      hint: 'the work goes on; ask its next owner',
    });
}

/** Waits by the log's own word until an instruction has come so far. */
export async function waitForLevel(plane: Plane, wanted: Awaited, signal: AbortSignal): Promise<InstructionLevel> {
  for (;;) {
    const actor = plane.liveActor(wanted.taskId);
    const seen = actor?.bell.rings ?? 0;
    const reached = levelReached(await plane.state(wanted.taskId), wanted);
    if (reached !== undefined) return reached;
    await changedSince(plane, actor, seen, signal);
  }
}

function levelReached(state: TaskState, wanted: Awaited): InstructionLevel | undefined {
  const instruction = state.instructions[wanted.instructionId];
  if (!instruction)
    throw new AgentRuntimeError('NOT_FOUND', `task ${state.id} has no instruction ${wanted.instructionId}`);
  const { level, reason } = instruction;
  if (level === 'declined')
    throw new AgentRuntimeError('CONFLICT', `the instruction was declined: ${reason ?? 'no reason given'}`, {
      details: { level },
    });
  if (proven.has(level) && rank(level) >= rank(wanted.level)) return level;
  if (level === 'unknown') {
    throw new AgentRuntimeError(
      'OUTCOME_UNKNOWN',
      `what became of the instruction is not known: ${reason ?? 'no evidence'}`,
      { details: { level } },
    );
  }
  if (state.outcome) {
    throw new AgentRuntimeError(
      'OUTCOME_UNKNOWN',
      `the task ended (${state.outcome.status}) before the instruction was ${wanted.level}`,
      { details: { level } },
    );
  }
  const most = currentRun(state)?.capabilities?.steer;
  if (
    instruction.mode !== 'prompt' &&
    most !== undefined &&
    steerCapabilitySchema.options.indexOf(most) < steerRank(wanted.level)
  ) {
    throw new AgentRuntimeError('UNSUPPORTED', `this runtime can prove no more than ${most}`, {
      retry: 'never',
      details: { provable: most },
    });
  }
  return undefined;
}

const steerRank = (level: InstructionLevel): number =>
  (steerCapabilitySchema.options as readonly string[]).indexOf(level);
