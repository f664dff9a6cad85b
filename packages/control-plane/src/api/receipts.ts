import {
  AgentRuntimeError,
  instructionLevelSchema,
  steerCapabilitySchema,
  throwIfAborted,
  type InstructionLevel,
  type RunOutcome,
} from '@runtime/contracts';
import { currentRun, type InstructionState, type TaskState } from '@runtime/contracts/fold';
import type { Plane } from '../plane/plane.ts';
import type { Task } from '../task/task.ts';
import type { ReadPort } from './ports.ts';

interface WantedLevel {
  readonly taskId: string;
  readonly instructionId: string;
  readonly level: InstructionLevel;
}

const rank = (level: InstructionLevel): number => instructionLevelSchema.options.indexOf(level);
const proven: ReadonlySet<InstructionLevel> = new Set(['queued', 'sending', 'accepted', 'delivered', 'observed']);

/** Waits for the end of a task; the outcome at once when it has ended. */
export async function waitForOutcome(plane: Plane, taskId: string, signal: AbortSignal): Promise<RunOutcome> {
  for (;;) {
    const task = plane.unfinishedTask(taskId);
    const seen = task?.bell.rings ?? 0;
    const { outcome } = task ? task.state : await plane.view(taskId);
    if (outcome) return outcome;
    await changedSince(plane, task, seen, signal);
  }
}

async function changedSince(plane: Plane, task: Task | undefined, seen: number, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  await task?.bell.wait(seen, { signal: AbortSignal.any([signal, plane.ctx.closing]) });
  throwIfAborted(plane.ctx.closing);
}

/** How far an instruction has come. NOT_FOUND for one that the task does not have. */
export async function levelOf(
  reader: ReadPort,
  { taskId, instructionId }: { readonly taskId: string; readonly instructionId: string },
): Promise<InstructionLevel> {
  return instructionOf(await reader.state(taskId), instructionId).level;
}

function instructionOf(state: TaskState, instructionId: string): InstructionState {
  const { instructions } = state;
  const found = Object.hasOwn(instructions, instructionId) ? instructions[instructionId] : undefined;
  if (found) return found;
  throw new AgentRuntimeError('NOT_FOUND', `task ${state.id} has no instruction ${instructionId}`);
}

/** Waits until the log shows that an instruction has come this far. */
export async function waitForLevel(plane: Plane, wanted: WantedLevel, signal: AbortSignal): Promise<InstructionLevel> {
  for (;;) {
    const task = plane.unfinishedTask(wanted.taskId);
    const seen = task?.bell.rings ?? 0;
    const reached = levelReached(await plane.state(wanted.taskId), wanted);
    if (reached !== undefined) return reached;
    await changedSince(plane, task, seen, signal);
  }
}

function levelReached(state: TaskState, wanted: WantedLevel): InstructionLevel | undefined {
  const instruction = instructionOf(state, wanted.instructionId);
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
  const run = currentRun(state);
  const most = run?.capabilities?.steer;
  // What goes with the prompt of a run is not steered into it.
  const isSteered = instruction.mode !== 'prompt' && !run?.carries.includes(instruction.id);
  if (isSteered && most !== undefined && steerCapabilitySchema.options.indexOf(most) < steerRank(wanted.level)) {
    throw new AgentRuntimeError('UNSUPPORTED', `this runtime can prove no more than ${most}`, {
      retry: 'never',
      details: { provable: most },
    });
  }
  return undefined;
}

const steerRank = (level: InstructionLevel): number =>
  (steerCapabilitySchema.options as readonly string[]).indexOf(level);
