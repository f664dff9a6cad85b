import { lostCapabilities, type RuntimeCapabilities, type TaskEvent } from '@runtime/contracts';
import { unfinishedInstructions, type TaskState } from '@runtime/contracts/fold';
import { sourceOf } from '../runtimes/adapters.ts';
import { resumePrompt } from '../run/prompts.ts';
import { probeEnvironment } from '../task/given.ts';
import { closedInstruction } from '../task/closed-instruction.ts';
import type { Task } from '../task/task.ts';
import { neverBegan } from './never-began.ts';
import type { NextStep } from './what-follows.ts';

type ScheduleStep = Extract<NextStep, { kind: 'schedule' }>;

/**
 * The events of another attempt: what a degradation loses, the instruction that a resumed conversation opens with, and
 * when it starts.
 */
export async function scheduleEvents(task: Task, step: ScheduleStep): Promise<TaskEvent[]> {
  const { state, ctx } = task;
  const events: TaskEvent[] = [];
  const from = state.rejected.at(-1)?.target ?? state.runs.at(-1)?.target;
  if (step.mode === 'degrade' && from) {
    // What there is to say about the task's variables, the next start says.
    const environment = await probeEnvironment(task).catch(() => undefined);
    const capabilitiesOn = async (runtime: string): Promise<RuntimeCapabilities | undefined> => {
      const found = await ctx.runtimes.probe(sourceOf(state.spec, runtime), { environment });
      return found.status === 'available' ? found.capabilities : undefined;
    };
    const had = state.runs.at(-1)?.capabilities ?? (await capabilitiesOn(from.runtime));
    const has = await capabilitiesOn(step.target.runtime);
    events.push({
      type: 'runtime.degraded',
      from,
      to: step.target,
      lostCapabilities: had && has ? lostCapabilities(had, has) : [],
      policy: 'from-scratch',
      reason: step.reason.slice(0, 2000),
    });
  }
  const unsent = step.mode === 'resume' ? unsentOpening(state) : undefined;
  events.push(...obsoletePrompts(state, unsent));
  if (step.mode === 'resume' && unsent === undefined) {
    const parts = [{ type: 'text' as const, text: resumePrompt }];
    events.push({ type: 'instruction.queued', instructionId: ctx.newId('ins'), mode: 'prompt', parts, by: 'plane' });
  }
  const { mode, target, attempt, reason } = step;
  const notBefore = ctx.clock() + step.delayMs;
  events.push({ type: 'attempt.scheduled', notBefore, attempt, mode, target, reason: reason.slice(0, 2000) });
  return events;
}

/**
 * The opening instruction of a last run that never began, and the task's prompt where it was refused: the next run opens
 * with it.
 */
function unsentOpening(state: TaskState): string | undefined {
  const run = state.runs.at(-1);
  if (run?.mode !== 'resume') return undefined;
  const { instructionId } = run;
  const isRefusedPrompt = instructionId === state.promptId && state.instructions[instructionId]?.level === 'declined';
  return isRefusedPrompt || neverBegan(run, state) ? instructionId : undefined;
}

/**
 * Closes the plane's own prompts to a conversation that is not picked up any more: they are never sent, so nothing may
 * wait for them.
 */
function obsoletePrompts(state: TaskState, kept: string | undefined): TaskEvent[] {
  const why = 'The run that this instruction was for has ended';
  return unfinishedInstructions(state)
    .filter(({ id, mode }) => mode === 'prompt' && id !== state.promptId && id !== kept)
    .map((instruction) => closedInstruction(state, instruction, { unsent: why, unseen: why }));
}
