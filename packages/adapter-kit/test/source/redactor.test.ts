import { sessionEventSchemas, type SessionEvent } from '@runtime/contracts/adapter';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, redactBytes, type Redactor } from '../../src/source/redactor.ts';

const delta = (text: string, messageId = 'm'): SessionEvent => ({ type: 'text.delta', messageId, text });
const completed = (text: string, messageId = 'm'): SessionEvent => ({ type: 'message.completed', messageId, text });

function joined(events: readonly SessionEvent[]): string {
  return events.map((event) => (event.type === 'text.delta' ? event.text : '')).join('');
}

function stream(redactor: Redactor, parts: readonly string[]): string {
  return joined([...parts.flatMap((part) => redactor.apply([delta(part)])), ...redactor.finish()]);
}

/** Secrets over two letters overlap, repeat and begin like one another: the hardest there are. */
const secret = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 6, maxLength: 9 });
const cuts = fc.array(fc.nat(80), { maxLength: 12 });

function cut(text: string, places: readonly number[]): string[] {
  const ends = [...new Set([...places.map((place) => place % (text.length + 1)), text.length])].sort((a, b) => a - b);
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

/** Masks every covered character, the obvious way. */
function reference(text: string, secrets: readonly string[]): string {
  const covered = Array.from(text, () => false);
  for (const one of secrets) {
    for (let at = text.indexOf(one); at !== -1; at = text.indexOf(one, at + 1)) covered.fill(true, at, at + one.length);
  }
  return Array.from(text, (character, at) => (covered[at] ? (covered[at - 1] ? '' : '***') : character)).join('');
}

describe('createRedactor', () => {
  it('lets no secret through, however the text is cut, and changes nothing else', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'a', 'b', 'c'), maxLength: 80 });
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), text, cuts, (secrets, whole, places) => {
        const given = stream(createRedactor(secrets), cut(whole, places));
        for (const one of secrets) expect(given).not.toContain(one);
        expect(given).toBe(reference(whole, secrets));
      }),
      { numRuns: 2000 },
    );
  });

  it('has given out the same after the same text, however it was cut: a replay continues where a reader stood', () => {
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        secret,
        secret,
        cuts,
        (secrets, one, other, places) => {
          const whole = `x${one}y${other}${one}`;
          const parts = createRedactor(secrets);
          const atOnce = createRedactor(secrets);
          const inParts = joined(cut(whole, places).flatMap((part) => parts.apply([delta(part)])));
          expect(inParts).toBe(joined(atOnce.apply([delta(whole)])));
          expect(joined(parts.apply([delta('tail')]))).toBe(joined(atOnce.apply([delta('tail')])));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('holds back no more than could be a secret, and gives it before what completes the message', () => {
    const redactor = createRedactor(['sk-123456']);
    expect(redactor.apply([delta('plain text')])).toEqual([delta('plain text')]);
    expect(redactor.apply([delta(' sk-12')])).toEqual([delta(' ')]);
    expect(redactor.apply([delta('34')])).toEqual([]);
    expect(redactor.apply([delta('x')])).toEqual([delta('sk-1234x')]);
    redactor.apply([delta('sk-')]);
    expect(redactor.apply([completed('plain text sk-1234xsk-')])).toEqual([
      delta('sk-'),
      completed('plain text sk-1234xsk-'),
    ]);
  });

  it('completes a message with the same text as its deltas', () => {
    const redactor = createRedactor(['hunter2hunter2', 'sk-123456']);
    const whole = 'first sk-123456, then hunter2hunter2hunter2 and sk-12345';
    const events = [
      ...cut(whole, [3, 8, 12, 26, 40, 52]).flatMap((part) => redactor.apply([delta(part)])),
      ...redactor.apply([completed(whole)]),
    ];
    const last = events.at(-1);
    expect(last?.type === 'message.completed' && last.text).toBe(joined(events));
    expect(joined(events)).toBe('first ***, then *** and sk-12345');
  });

  it('keeps messages, reasoning, tools and output apart', () => {
    const redactor = createRedactor(['sk-123456']);
    const events: SessionEvent[] = [
      delta('sk-1', 'one'),
      delta('sk-1', 'two'),
      { type: 'reasoning.delta', messageId: 'one', text: 'sk-1' },
      { type: 'tool.delta', callId: 'one', mode: 'append', text: 'sk-1' },
      { type: 'output.delta', source: 'stdout', text: 'sk-1' },
      { type: 'output.delta', source: 'stderr', text: 'sk-1' },
    ];
    expect(redactor.apply(events)).toEqual([]);
    expect(redactor.apply([delta('23456.', 'two')])).toEqual([delta('***.', 'two')]);
    expect(redactor.apply([{ type: 'tool.ended', callId: 'one', ok: true }])).toEqual([
      events[3],
      { type: 'tool.ended', callId: 'one', ok: true },
    ]);
    expect(redactor.finish()).toEqual([events[0], events[2], events[4], events[5]]);
  });

  it('does not give out half a secret of raw output when a turn ends', () => {
    const redactor = createRedactor(['sk-123456']);
    const ended: SessionEvent = { type: 'turn.ended', turnId: '1', outcome: { status: 'succeeded' } };
    expect(redactor.apply([{ type: 'output.delta', source: 'stdout', text: 'sk-12' }, ended])).toEqual([ended]);
    expect(redactor.apply([{ type: 'output.delta', source: 'stdout', text: '3456' }])).toEqual([
      { type: 'output.delta', source: 'stdout', text: '***' },
    ]);
  });

  it('masks every field of other events, keys of a tool input included, and no ids', () => {
    const redactor = createRedactor(['sk-123456']);
    const started: SessionEvent = {
      type: 'tool.started',
      callId: 'sk-123456',
      name: 'sk-123456',
      input: { 'a sk-123456': ['sk-123456', 1, null, { b: 'x sk-123456' }] },
    };
    expect(redactor.apply([started])).toEqual([
      { type: 'tool.started', callId: 'sk-123456', name: '***', input: { 'a ***': ['***', 1, null, { b: 'x ***' }] } },
    ]);
  });

  it('leaves the unfinished end of a replaced picture out, for the next one has it', () => {
    const redactor = createRedactor(['sk-123456']);
    const picture = (text: string): SessionEvent => ({ type: 'tool.delta', callId: 'c', mode: 'replace', text });
    expect(redactor.apply([picture('out sk-12')])).toEqual([picture('out ')]);
    expect(redactor.apply([picture('out sk-123456 done')])).toEqual([picture('out *** done')]);
  });

  it('masks the lines of a key of several lines one by one, and words too short to be secrets not at all', () => {
    const redactor = createRedactor(['-----BEGIN-----\nMIIEpAIBAAKCAQEA\n-----END-----', 'yes', '']);
    expect(stream(redactor, ['yes  MIIEpAIBAAKCAQEA  yes'])).toBe('yes  ***  yes');
  });

  it('gives events that the schemas accept, however long', () => {
    const redactor = createRedactor(['sk-123456']);
    redactor.apply([delta('sk-12345')]);
    const long = redactor.apply([delta('x'.repeat(256 * 1024))]);
    expect(long.length).toBe(2);
    for (const event of long) sessionEventSchemas['text.delta'].parse(event);
    expect(joined(long)).toBe(`sk-12345${'x'.repeat(256 * 1024)}`);
  });

  it('passes everything on untouched when there are no secrets', () => {
    const events = [delta('a')];
    expect(createRedactor([]).apply(events)).toBe(events);
  });
});

it('masks bytes at the same length', () => {
  const bytes = Buffer.from('key=sk-123456 ü');
  expect(redactBytes(bytes, ['sk-123456']).toString()).toBe('key=********* ü');
  expect(bytes.toString()).toContain('sk-123456');
  expect(redactBytes(bytes, ['absent'])).toBe(bytes);
});
