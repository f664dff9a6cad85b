import type { AgentRuntimeError, WaitingFor } from '@runtime/contracts';
import {
  currentRun,
  isBeingChecked,
  isKeptOpen,
  isResting,
  openApprovals,
  openCheck,
  type NextAttempt,
  type RunState,
  type TaskState,
} from '@runtime/contracts/fold';
import { commandText } from '../check/command-text.ts';
import { limitOfCheck } from '../check/end-of-check.ts';
import { isQueued, nextAttempt } from '../attempt/next-attempt.ts';
import { runtimeKey, sourceOf } from '../runtimes/adapters.ts';
import type { Task } from '../task/task.ts';

/** What an unfinished task waits for; undefined while its agent works or a step of ours is under way. */
export function waitingFor(task: Task, ofScheduler: () => WaitingFor): WaitingFor | undefined {
  const { state, hold, ctx } = task;
  const now = ctx.clock();
  if (state.outcome) return undefined;
  if (task.noRoom) return ofDisk(task.noRoom);
  if (hold?.why.kind === 'fault' && hold.until > now) return hold.why;
  if (isBeingChecked(state)) return hold && hold.until > now ? hold.why : ofCheck(task);
  if (task.isCollecting) return { kind: 'artifacts', text: 'The work is done; its files are being stored' };
  const [approval] = openApprovals(state);
  if (approval) {
    const text = `An answer is needed: ${approval.title}`.slice(0, 2000);
    return { kind: 'approval', text, ...(approval.expiresAt === undefined ? {} : { until: approval.expiresAt }) };
  }
  const run = currentRun(state);
  if (run) return ofRun(task, run);
  const next = nextAttempt(state);
  if (!next || !isQueued(state)) return undefined;
  if (hold && hold.until > now) return hold.why;
  if (next.notBefore > now) return ofTime(task, next);
  const { runtime } = next.target;
  return task.admitted ? { kind: 'runtime', text: `${runtime} is asked whether it can be used` } : ofScheduler();
}

function ofDisk({ rawMessage }: AgentRuntimeError): WaitingFor {
  return { kind: 'disk', text: `There is no room for it; it goes on once there is: ${rawMessage}`.slice(0, 2000) };
}

function ofRun({ state, unread, ctx }: Task, run: RunState): WaitingFor | undefined {
  const { runtime } = run.target;
  if (unread) {
    const text = `${runtime} cannot be had, and its run is not read: ${unread.rawMessage}`;
    return { kind: 'runtime', text: text.slice(0, 2000) };
  }
  if (run.status === 'starting') return { kind: 'runtime', text: `${runtime} starts` };
  const ofItself = run.status === 'active' ? ofBackend(run, ctx.clock()) : undefined;
  if (ofItself) return ofItself;
  return isResting(state) && isKeptOpen(state) ? ofInstruction(state, run) : undefined;
}

function ofCheck({ state, ctx }: Task): WaitingFor {
  const { spec } = state;
  const check = openCheck(state);
  const text = `The work is checked${check ? ` (round ${check.round})` : ''}: ${spec.check ? commandText(spec.check.command) : ''}`;
  if (!check || !spec.check) return { kind: 'check', text: text.slice(0, 2000) };
  return { kind: 'check', until: limitOfCheck(ctx, check, spec.check), text: text.slice(0, 2000) };
}

/** What the backend told of itself: once its pause is over, it works. */
function ofBackend({ target: { runtime }, retry, compaction }: RunState, now: number): WaitingFor | undefined {
  if (compaction) return { kind: 'compaction', text: `${runtime} compacts its context: ${compaction.reason}` };
  if (!retry || retry.until <= now) return undefined;
  const text = `${runtime} repeats a call that failed (attempt ${retry.attempt}): ${retry.reason}`;
  return { kind: 'retry', until: retry.until, text: text.slice(0, 2000) };
}

function ofInstruction({ spec }: TaskState, run: RunState): WaitingFor {
  const text = 'The agent rests and the task is kept open: send it an instruction, or close it';
  return {
    kind: 'instruction',
    text,
    ...(spec.idleTimeoutMs === undefined ? {} : { until: run.activityAt + spec.idleTimeoutMs }),
  };
}

function ofTime({ ctx, state }: Task, { notBefore, attempt, target, reason }: NextAttempt): WaitingFor {
  const until = notBefore;
  const breaker = ctx.runtimes.breakers[runtimeKey(sourceOf(state.spec, target.runtime))];
  if (breaker && breaker.status !== 'closed' && breaker.until === notBefore) {
    return { kind: 'breaker', until, text: `The last starts on ${target.runtime} failed: ${reason}`.slice(0, 2000) };
  }
  return { kind: 'retry', until, text: `Attempt ${attempt}, on ${target.runtime}: ${reason}`.slice(0, 2000) };
}
