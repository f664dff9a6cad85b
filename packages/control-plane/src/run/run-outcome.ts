import type { AgentRuntimeError, RunOutcome } from '@runtime/contracts';
import { classifyMessage, codeOfSignal, type Exit } from '@runtime/contracts/adapter';
import type { RunState, TaskState } from '@runtime/contracts/fold';
import { limitPassed, timedOut, timeLimits, type SkippedSince, type TimeCause } from './time-limits.ts';

/** The outcome of a run, from the cause it was stopped for, its last turn, and its process's exit as observed. */
export function outcomeOfRun(
  state: TaskState,
  run: RunState,
  exit: Exit,
  failure?: AgentRuntimeError,
  skipped: SkippedSince = () => 0,
): RunOutcome {
  const opening = state.instructions[run.instructionId];
  if (run.turns === 0 && opening?.level === 'declined' && (run.stopCause === undefined || run.stopCause === 'idle')) {
    const message = opening.reason ?? 'The runtime declined the instruction';
    return { status: 'failed', code: classifyMessage(message, 'unavailable'), message };
  }
  if (failure && run.stopCause === undefined) {
    return {
      status: 'lost',
      code: 'unknown',
      message: `The run's output could not be read: ${failure.rawMessage}`.slice(0, 8192),
    };
  }
  const inTime = finishedInTime(state, run, skipped);
  // Finished before the limit that it was stopped for: nobody was there to see it.
  if (inTime === true && run.stoppedInTurn && (run.stopCause === 'deadline' || run.stopCause === 'run_timeout')) {
    return lostIfUnobserved(run.lastOutcome, exit) ?? outcomeOfExit(run, exit);
  }
  const rested = run.turn === undefined && !run.stoppedInTurn ? run.lastOutcome : undefined;
  switch (run.stopCause) {
    case 'cancel':
      return { status: 'cancelled' };
    case 'deadline':
    case 'run_timeout':
      return timedOut(run.stopCause);
    case 'output_limit':
      return { status: 'failed', code: 'output_limit', message: 'The run made more output than maxOutputBytes' };
    case 'unmet_needs':
      return {
        status: 'failed',
        code: 'unmet_needs',
        message: 'The session has fewer capabilities than the task needs',
      };
    case 'idle_timeout':
      return rested ?? timedOut('idle_timeout');
    case 'lost_control':
      return { status: 'lost', code: 'unknown', message: 'Control over the run was lost' };
    case 'idle':
    case 'closed':
    case undefined:
    default:
      if (inTime === 'deadline' || inTime === 'run_timeout') return timedOut(inTime);
      return lostIfUnobserved(rested, exit) ?? outcomeOfExit(run, exit);
  }
}

/**
 * Whether the run's last turn ended before its limits, by the source's own time; otherwise the limit that it was beyond.
 * Undefined where no turn has ended, or nobody knows when.
 */
function finishedInTime(state: TaskState, run: RunState, skipped: SkippedSince): true | TimeCause | undefined {
  const { turnEndedAt } = run;
  if (run.turn !== undefined || run.lastOutcome === undefined || turnEndedAt === undefined) return undefined;
  const passed = limitPassed(timeLimits(state, run, turnEndedAt, skipped), turnEndedAt);
  if (passed === undefined) return true;
  // The turns of a task that is kept open are not held to its limits: between them it waits for a person.
  return state.spec.until === 'closed' ? undefined : passed;
}

/** A turn that broke off with a process whose exit was not observed is lost, whatever the runtime reported. */
function lostIfUnobserved(rested: RunOutcome | undefined, exit: Exit): RunOutcome | undefined {
  const brokeOff =
    rested?.status === 'failed' && (rested.code === 'crashed' || rested.code === 'killed' || rested.code === 'unknown');
  return brokeOff && exit.kind === 'unknown' ? { ...rested, status: 'lost' } : rested;
}

function outcomeOfExit(run: RunState, exit: Exit): RunOutcome {
  const during = run.turns > 0 ? 'in the middle of its turn' : 'before its first turn';
  if (exit.kind === 'signaled') {
    const message = `The agent was killed by ${exit.signal} ${during}`;
    return { status: 'failed', code: codeOfSignal(exit.signal), message };
  }
  if (exit.kind === 'exited') {
    return { status: 'failed', code: 'crashed', message: `The agent ended with code ${exit.code} ${during}` };
  }
  return { status: 'lost', code: 'unknown', message: exit.why };
}
