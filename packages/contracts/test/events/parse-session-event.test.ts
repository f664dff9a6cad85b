import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  deltaTypes,
  maxEventTextChars,
  parseSessionEvent,
  sessionEventSchemas,
  type SessionEventType,
} from '../../src/adapter/index.ts';

/** What the schemas say: the value with their fields alone, or nothing. */
function bySchema(value: unknown): unknown {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(sessionEventSchemas, type)) return undefined;
  return sessionEventSchemas[type as SessionEventType].safeParse(value).data;
}

/** At and beside every limit that a field has. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(0, 1, 64, 65, 512, 513).map((length) => 'x'.repeat(length)),
  fc.constantFrom(maxEventTextChars, maxEventTextChars + 1).map((length) => 'x'.repeat(length)),
  fc.constantFrom('\u0000', 'a\u001f', '\u007f', '\u009f', 'line\nfeed', '\u00a0', '\ud800', 'append', 'replace'),
);
const field = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom('m1', 'stdout', 'stderr', 'screen', 'append', 'replace') },
  fc.constantFrom(undefined, null, true, 0, 1, 1.5, Number.NaN, {}, [], ['m1']),
);
const event = fc.record(
  {
    type: fc.oneof(fc.constantFrom(...Object.keys(sessionEventSchemas)), fc.constantFrom(...deltaTypes), field),
    messageId: field,
    callId: field,
    source: field,
    mode: field,
    text: field,
    omittedChars: field,
    instructionId: field,
    more: field,
  },
  { requiredKeys: ['type'] },
);

it('accepts what the schemas accept, and gives what they give', () => {
  const accepted = new Set<string>();
  const refused = new Set<string>();
  fc.assert(
    fc.property(event, (value) => {
      const parsed = parseSessionEvent(value);
      expect(parsed).toStrictEqual(bySchema(value));
      const { type } = value;
      if (typeof type === 'string' && deltaTypes.has(type)) (parsed ? accepted : refused).add(type);
    }),
    { numRuns: 4000 },
  );
  expect([...accepted].sort(), 'each increment was seen to be accepted').toEqual([...deltaTypes].sort());
  expect([...refused].sort(), 'and to be refused').toEqual([...deltaTypes].sort());
});

it('takes no part in what else is there', () => {
  for (const value of [undefined, null, 1, 'text.delta', [], {}, { type: 'toString' }, { type: ['text.delta'] }]) {
    expect(parseSessionEvent(value)).toBeUndefined();
  }
});

it('gives a copy with the fields of the schema alone', () => {
  const given = JSON.parse('{"type":"text.delta","messageId":"m1","text":"x","more":1,"__proto__":{"a":1}}') as unknown;
  expect(parseSessionEvent(given)).toStrictEqual({ type: 'text.delta', messageId: 'm1', text: 'x' });
});
