import { instructionText, type Instruction, type InstructionMode, type Part } from '@runtime/contracts';
import type { RunState, TaskState } from '@runtime/contracts/fold';

const startedOver =
  'Note: an earlier attempt at this task ended before it was finished and may have left changes in the workspace. ' +
  'Look at what is there before you begin.';

/** Said to a resumed conversation: the plane's own words, since resuming needs a prompt. */
export const resumePrompt =
  'The process you ran in ended before you were finished. Your conversation up to then is intact; something you had begun may be half done. ' +
  'Check what is there, then go on with the task.';

/** The parts of an instruction; the task's prompt has them in its spec. */
function partsOf(state: TaskState, id: string): readonly Part[] {
  return id === state.promptId ? state.spec.prompt : (state.instructions[id]?.parts ?? []);
}

/** What opens a run, with the text of everything that goes along with it. */
export function openingInstruction(state: TaskState, run: RunState): Instruction {
  const parts: Part[] = [...partsOf(state, run.instructionId)];
  const before = state.runs.some((earlier) => earlier.runId !== run.runId && earlier.turns > 0);
  if (before && run.mode !== 'resume') parts.push({ type: 'text', text: startedOver });
  for (const id of run.carries) {
    const carried = partsOf(state, id);
    if (carried.length === 0) continue;
    parts.push({ type: 'text', text: `Further instruction: ${instructionText(carried)}` });
  }
  return { id: run.instructionId, mode: 'prompt', parts };
}

/** Earlier instructions whose text a new run needs: all of them when it starts over, those never delivered when it resumes. */
export function carriedInstructions(state: TaskState, mode: RunState['mode'], openingId: string): string[] {
  const gone = mode === 'resume' ? new Set(['declined', 'delivered', 'observed']) : new Set(['declined']);
  // A resumed conversation may never have heard the task's prompt; what the plane said to an earlier one is of no use to it.
  const ours = (id: string, said: InstructionMode): boolean =>
    said !== 'prompt' || (mode === 'resume' && id === state.promptId);
  return Object.values(state.instructions)
    .filter(({ id, level, mode: said }) => id !== openingId && ours(id, said) && !gone.has(level))
    .map(({ id }) => id);
}

/** Instructions that were never sent, and whose condition cannot hold any more when a run begins: with their reasons. */
export function lapsedInstructions(state: TaskState, now: number): { readonly id: string; readonly reason: string }[] {
  return Object.values(state.instructions).flatMap(({ id, level, expiresAt, ifTurn }) => {
    if (level !== 'queued') return [];
    if (expiresAt !== undefined && now > expiresAt) return [{ id, reason: 'it expired before it could be sent' }];
    return ifTurn === undefined ? [] : [{ id, reason: `turn ${ifTurn} is not running` }];
  });
}

/** The instruction with which a run of this mode opens: a resumed one with the plane's, any other with the task's prompt. */
export function openingId(state: TaskState, mode: RunState['mode']): string {
  if (mode !== 'resume') return state.promptId;
  return (
    Object.values(state.instructions).findLast(({ mode: said, level }) => said === 'prompt' && level === 'queued')
      ?.id ?? state.promptId
  );
}
