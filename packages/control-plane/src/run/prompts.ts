import { instructionText, type Instruction, type InstructionMode, type Part } from '@runtime/contracts';
import type { InstructionState, RunState, TaskState } from '@runtime/contracts/fold';

const startedOver =
  'Note: an earlier attempt at this task ended before it was finished and may have left changes in the workspace. ' +
  'Look at what is there before you begin.';

/** The plane's own prompt to a resumed conversation, since resuming needs a prompt. */
export const resumePrompt =
  'The process you ran in ended before you were finished. Your conversation up to then is intact; something you had begun may be half done. ' +
  'Check what is there, then go on with the task.';

/** The parts of an instruction; the task's prompt has them in its spec. */
function partsOf(state: TaskState, id: string): readonly Part[] {
  return id === state.promptId ? state.spec.prompt : (state.instructions[id]?.parts ?? []);
}

/** The instruction that opens a run, with the text of all instructions that it carries. */
export function openingInstruction(state: TaskState, run: RunState): Instruction {
  const parts: Part[] = [...partsOf(state, run.instructionId)];
  // What earlier ones left is gone where the worktree was restored since.
  const since = state.runs.slice(state.worktree?.restoredAfter ?? 0);
  const before = since.some((earlier) => earlier.runId !== run.runId && earlier.turns > 0);
  if (before && run.mode !== 'resume') parts.push({ type: 'text', text: startedOver });
  for (const id of run.carries) {
    const carried = partsOf(state, id);
    if (carried.length === 0) continue;
    parts.push({ type: 'text', text: `Further instruction: ${instructionText(carried)}` });
  }
  return { id: run.instructionId, mode: 'prompt', parts };
}

/**
 * Earlier instructions whose text a new run needs: all of them when it starts over, those never delivered when it
 * resumes.
 */
export function carriedInstructions(state: TaskState, mode: RunState['mode'], openingId: string): string[] {
  const obsolete = mode === 'resume' ? new Set(['declined', 'delivered', 'observed']) : new Set(['declined']);
  // A resumed conversation may never have got the task's prompt; the plane's own prompts to an earlier run are of no
  // use to it.
  const isCaller = (id: string, its: InstructionMode): boolean =>
    its !== 'prompt' || (mode === 'resume' && id === state.promptId);
  return Object.values(state.instructions)
    .filter(({ id, level, mode: its }) => id !== openingId && isCaller(id, its) && !obsolete.has(level))
    .map(({ id }) => id);
}

/** Unsent instructions whose condition cannot hold any more when a new run begins, each with the reason. */
export function lapsedInstructions(state: TaskState, now: number): { readonly id: string; readonly reason: string }[] {
  return Object.values(state.instructions).flatMap(({ id, level, expiresAt, ifTurn }) => {
    if (level !== 'queued') return [];
    if (expiresAt !== undefined && now > expiresAt)
      return [{ id, reason: 'The instruction expired before it could be sent' }];
    return ifTurn === undefined ? [] : [{ id, reason: `Turn ${ifTurn} is not running` }];
  });
}

/** Instructions of callers that no run was given yet, and whose condition can still hold. */
export function waitingInstructions(state: TaskState, now: number): InstructionState[] {
  const lapsed = new Set(lapsedInstructions(state, now).map(({ id }) => id));
  return Object.values(state.instructions).filter(
    ({ id, level, mode }) => level === 'queued' && mode !== 'prompt' && !lapsed.has(id),
  );
}

/**
 * The id of the instruction that opens a run of this mode: the plane's own prompt for a resumed run, otherwise the
 * task's prompt.
 */
export function openingId(state: TaskState, mode: RunState['mode']): string {
  if (mode !== 'resume') return state.promptId;
  return (
    Object.values(state.instructions).findLast(({ mode: its, level }) => its === 'prompt' && level === 'queued')?.id ??
    state.promptId
  );
}
