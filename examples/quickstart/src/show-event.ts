import { outcomeCode, type RunOutcome, type TaskStreamEvent } from '@runtime/contracts';
import { narrate } from './narrator.ts';

/** Prints the events of a task that matter to a person: text as it streams, the rest as facts. */
export function showEvent(event: TaskStreamEvent): void {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- these matter to a person
  switch (event.type) {
    case 'text.delta':
    case 'output.delta':
      return narrate.stream(event.text);
    case 'runtime.rejected':
      return narrate.fact(`runtime.rejected: ${event.target.runtime}, ${event.code}: ${event.reason}`);
    case 'runtime.degraded':
      return narrate.fact(
        `runtime.degraded: ${event.from.runtime} -> ${event.to.runtime}, ${event.policy}; lost: ${event.lostCapabilities.join(', ') || 'nothing'}`,
      );
    case 'run.starting':
      return narrate.fact(`run.starting: attempt ${event.attempt} on ${event.target.runtime} (${event.mode})`);
    case 'run.started':
      return narrate.fact(`run.started: version ${event.version}`);
    case 'tool.started':
      return narrate.fact(`tool.started: ${event.name} ${JSON.stringify(event.input ?? null)}`);
    case 'tool.ended':
      return narrate.fact(`tool.ended: ${event.ok ? 'ok' : 'failed'}`);
    case 'attempt.scheduled':
      return narrate.fact(`attempt.scheduled: attempt ${event.attempt} on ${event.target.runtime}`);
    case 'run.ended':
      return narrate.fact(`run.ended: ${inWords(event.outcome)}`);
    case 'task.ended':
      return narrate.fact(`task.ended: ${inWords(event.outcome)}`);
    default:
  }
}

const inWords = (outcome: RunOutcome): string =>
  [outcome.status, outcomeCode(outcome), outcome.message].filter((word) => word !== undefined).join(', ');
