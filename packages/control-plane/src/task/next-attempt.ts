import { lostCapabilities } from '@runtime/contracts';
import {
  currentRun,
  openApprovals,
  unfinishedInstructions,
  type NextAttempt,
  type TaskState,
} from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';
import { beginRun } from '../run/record-start.ts';
import { endTask } from './end-task.ts';
import { neverBegan, nextStep, targetAfter, type NextStep } from './what-follows.ts';
import { resumePrompt } from '../run/prompts.ts';
import type { TaskActor } from './task-actor.ts';

/** What a task waits for when nothing of it runs: its turn, its time, or a decision. The first attempt needs no event of its own. */
export function nextAttempt(state: TaskState): NextAttempt | undefined {
  if (state.next) return state.next;
  const untouched = state.runs.length === 0 && state.rejected.length === 0;
  const target = state.spec.runtimes[0];
  if (!untouched || !target) return undefined;
  const mode = state.spec.continueOf === undefined ? 'start' : 'resume';
  return { notBefore: 0, attempt: 1, mode, target, reason: 'submitted' };
}

/** Ready for the scheduler. */
export function isQueued(state: TaskState): boolean {
  return (
    !state.outcome &&
    !state.cancel &&
    !currentRun(state) &&
    openApprovals(state).length === 0 &&
    nextAttempt(state) !== undefined
  );
}

/** One step of a task of which nothing runs. False: it waits, and somebody will wake it. */
export async function betweenRuns(actor: TaskActor): Promise<boolean> {
  const { state, ctx } = actor;
  const now = ctx.clock();
  const deadline = state.spec.deadlineMs === undefined ? undefined : state.submittedAt + state.spec.deadlineMs;
  if (state.cancel) return endTask(actor, { status: 'cancelled' });
  if (deadline !== undefined && now >= deadline) {
    return endTask(actor, { status: 'timed_out', code: 'timeout', message: 'the task reached its deadline' });
  }
  const [approval] = openApprovals(state);
  if (approval) {
    if (approval.expiresAt !== undefined && now >= approval.expiresAt) {
      await actor.record(() => [expired(approval.id)]);
      return true;
    }
    actor.wakeAt(earliest(deadline, approval.expiresAt));
    return false;
  }
  const next = nextAttempt(state);
  if (next) {
    if (!actor.admitted || next.notBefore > now) {
      actor.wakeAt(earliest(deadline, next.notBefore > now ? next.notBefore : undefined));
      ctx.changed(actor);
      return false;
    }
    try {
      return await beginRun(actor, next);
    } finally {
      // Consumed when it is over: as long as it looks around it has its place, and must not be given another one.
      actor.admitted = false;
    }
  }
  return decideNext(actor);
}

const earliest = (...times: (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

const expired = (approvalId: string): NewEvent => ({
  type: 'approval.resolved',
  approvalId,
  resolution: { kind: 'expired', decision: { choice: 'give_up' } },
  by: 'clock',
});

async function decideNext(actor: TaskActor): Promise<boolean> {
  const { state, ctx } = actor;
  const step = nextStep(state, ctx.random());
  if (step.kind === 'end') return endTask(actor, step.outcome);
  const events = step.kind === 'ask' ? [question(actor, step.reason)] : await scheduleEvents(actor, step);
  await actor.record(() => events);
  return true;
}

function question({ state, ctx }: TaskActor, reason: string): NewEvent {
  const run = state.runs.at(-1);
  const generation = run?.generation ?? 0;
  const hasNext = run !== undefined && targetAfter(state, run.target) !== undefined;
  return {
    type: 'approval.requested',
    approvalId: `recovery-${generation}`,
    kind: 'recovery',
    title: 'The run was lost. How should the task go on?',
    message: reason,
    choices: [
      { id: 'restart', label: 'start over on the same runtime', kind: 'allow' },
      ...(hasNext ? [{ id: 'degrade', label: 'start over on the next runtime', kind: 'other' }] : []),
      { id: 'give_up', label: 'give up: the task is lost', kind: 'deny' },
    ],
    expiresAt: ctx.clock() + state.spec.recoveryTimeoutMs,
  };
}

async function scheduleEvents(
  { state, ctx }: TaskActor,
  step: Extract<NextStep, { kind: 'schedule' }>,
): Promise<NewEvent[]> {
  const events: NewEvent[] = [];
  const from = state.rejected.at(-1)?.target ?? state.runs.at(-1)?.target;
  if (step.mode === 'degrade' && from) {
    const had = state.runs.at(-1)?.capabilities ?? (await capabilitiesOf(ctx.runtimes.probe(from.runtime)));
    const has = await capabilitiesOf(ctx.runtimes.probe(step.target.runtime));
    events.push({
      type: 'runtime.degraded',
      from,
      to: step.target,
      lostCapabilities: had && has ? lostCapabilities(had, has) : [],
      policy: 'from-scratch',
      reason: step.reason.slice(0, 2000),
    });
  }
  const again = step.mode === 'resume' ? unsaidOpening(state) : undefined;
  events.push(...obsoletePrompts(state, again));
  if (step.mode === 'resume' && again === undefined) {
    const parts = [{ type: 'text', text: resumePrompt }];
    events.push({ type: 'instruction.queued', instructionId: ctx.newId('ins'), mode: 'prompt', parts, by: 'plane' });
  }
  const { mode, target, attempt, reason } = step;
  const notBefore = ctx.clock() + step.delayMs;
  events.push({ type: 'attempt.scheduled', notBefore, attempt, mode, target, reason: reason.slice(0, 2000) });
  return events;
}

/** What the last run was to open with, where that run never began: the next one opens with it. */
function unsaidOpening(state: TaskState): string | undefined {
  const run = state.runs.at(-1);
  return run?.mode === 'resume' && neverBegan(run, state) ? run.instructionId : undefined;
}

/** The plane's own words to a conversation that is not picked up any more: nobody will say them, so nothing may wait for them. */
function obsoletePrompts(state: TaskState, kept: string | undefined): NewEvent[] {
  return unfinishedInstructions(state)
    .filter(({ id, mode }) => mode === 'prompt' && id !== state.promptId && id !== kept)
    .map(({ id, level }): NewEvent => {
      const type = level === 'queued' ? 'instruction.declined' : 'instruction.unknown';
      return { type, instructionId: id, reason: 'the run that it was for has ended' };
    });
}

async function capabilitiesOf(probing: ReturnType<TaskActor['ctx']['runtimes']['probe']>) {
  const found = await probing;
  return found.status === 'available' ? found.capabilities : undefined;
}
