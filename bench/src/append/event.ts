import type { NewEvent } from '@runtime/contracts/log';

/** A whole event as readers get it, less what a store adds for itself. */
export const eventBytes = 256;

const envelope = '{"position":1000000,"stream":"task/w100","revision":10000,"time":1795181117061,'.length;

/** An increment, as agents give most of. Its text is new each time, so that nobody can encode it once. */
export function makeEvent(number: number): NewEvent {
  return { type: 'text.delta', runId: 'run-01k0', messageId: 'm1', text: `${1_000_000 + number}${filler}` };
}

const frame = envelope + '{"type":"text.delta","runId":"run-01k0","messageId":"m1","text":"1000000"}'.length - 1;
const filler = ' the quick brown fox jumps over the lazy dog and then once more'.repeat(3).slice(0, eventBytes - frame);
