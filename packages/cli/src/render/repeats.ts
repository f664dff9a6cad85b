import type { ModelInUse, Target, TaskStreamEvent } from '@runtime/contracts';

/**
 * Makes a judge of what the backend does by itself: whether an event says nothing that does not stand on the screen. So
 * it is with a further retry for the same reason, and with a model that is the one asked for.
 */
export function createRepeats(): (event: TaskStreamEvent) => boolean {
  let asked: Target | undefined;
  let reason: string | undefined;
  return (event) => {
    if (event.type === 'run.starting') asked = event.target;
    if (event.type === 'retry.ended' || event.type === 'turn.ended') reason = undefined;
    if (event.type === 'retry.scheduled') {
      const isRepeated = event.reason === reason;
      ({ reason } = event);
      return isRepeated;
    }
    if (event.type !== 'model.selected') return false;
    const isRepeated = asked !== undefined && isAsked(event, asked);
    asked = undefined;
    return isRepeated;
  };
}

function isAsked({ provider, model, thinking = 'off', answeredBy }: ModelInUse, asked: Target): boolean {
  const names = [model, `${provider}/${model}`];
  return names.includes(asked.model ?? '') && thinking === (asked.thinking ?? 'off') && answeredBy === undefined;
}
