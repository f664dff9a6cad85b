import type { PiRule, PiScript, PiStep } from '../pi-script.ts';

/** A user message that enters a turn. */
export interface Arrival {
  readonly text: string;
  readonly mode: 'prompt' | 'steer' | 'followUp';
  readonly resumed: boolean;
  /** Among all user messages of the session, from 1. */
  readonly nth: number;
}

/** Makes the function that picks the steps for a user message and fills in `{{text}}` and `{{userMessages}}`. */
export function createRules(script: PiScript): (arrival: Arrival) => PiStep[] {
  const used = new Map<PiRule, number>();
  return (arrival) => {
    const rule = script.rules?.find((candidate) => {
      const usable = candidate.times === undefined || (used.get(candidate) ?? 0) < candidate.times;
      return usable && holds(candidate.when ?? {}, arrival);
    });
    if (rule !== undefined) used.set(rule, (used.get(rule) ?? 0) + 1);
    return (rule?.steps ?? defaultSteps[arrival.mode]).map((step) => filled(step, arrival));
  };
}

const defaultSteps: Readonly<Record<Arrival['mode'], readonly PiStep[]>> = {
  prompt: [{ text: ['You said: ', '{{text}}', ' (user message {{userMessages}})'] }],
  steer: [{ text: ['steered: ', '{{text}}'] }],
  followUp: [{ text: ['followed up: ', '{{text}}'] }],
};

function holds(when: NonNullable<PiRule['when']>, arrival: Arrival): boolean {
  return (
    (when.contains === undefined || arrival.text.includes(when.contains)) &&
    (when.mode === undefined || when.mode === arrival.mode) &&
    (when.resumed === undefined || when.resumed === arrival.resumed) &&
    (when.nth === undefined || when.nth === arrival.nth)
  );
}

/** A reviver visits every string at any depth and keeps the shape. */
function filled(step: PiStep, arrival: Arrival): PiStep {
  return JSON.parse(JSON.stringify(step), (_key, value: unknown) =>
    typeof value === 'string'
      ? value.replaceAll('{{userMessages}}', String(arrival.nth)).replaceAll('{{text}}', () => arrival.text)
      : value,
  );
}
