import type { AgentRuntimeError, RunOutcome } from '@runtime/contracts';
import { classifyMessage, type Exit } from '@runtime/contracts/adapter';
import type { RunState, TaskState } from '@runtime/contracts/fold';

/** The outcome of a run, from the cause it was stopped for, its last turn, and its process's exit as observed. */
export function outcomeOfRun(state: TaskState, run: RunState, exit: Exit, failure?: AgentRuntimeError): RunOutcome {
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
  const rested = run.turn === undefined && !run.stoppedInTurn ? run.lastOutcome : undefined;
  switch (run.stopCause) {
    case 'cancel':
      return { status: 'cancelled' };
    case 'deadline':
      return { status: 'timed_out', code: 'timeout', message: 'The task reached its deadline' };
    case 'run_timeout':
      return { status: 'timed_out', code: 'timeout', message: 'The run took longer than runTimeoutMs' };
    case 'output_limit':
      return { status: 'failed', code: 'output_limit', message: 'The run made more output than maxOutputBytes' };
    case 'unmet_needs':
      return {
        status: 'failed',
        code: 'unmet_needs',
        message: 'The session has fewer capabilities than the task needs',
      };
    case 'idle_timeout':
      return (
        rested ?? { status: 'timed_out', code: 'timeout', message: 'The agent showed no activity for idleTimeoutMs' }
      );
    case 'lost_control':
      return { status: 'lost', code: 'unknown', message: 'Control over the run was lost' };
    case 'idle':
    case 'closed':
    case undefined:
    default:
      return lostIfUnobserved(rested, exit) ?? outcomeOfExit(run, exit);
  }
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
    return { status: 'failed', code: 'killed', message: `The agent was killed by ${exit.signal} ${during}` };
  }
  if (exit.kind === 'exited') {
    return { status: 'failed', code: 'crashed', message: `The agent ended with code ${exit.code} ${during}` };
  }
  return { status: 'lost', code: 'unknown', message: exit.why };
}
