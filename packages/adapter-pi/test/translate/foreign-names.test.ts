import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from '@runtime/adapter-kit/source';
import { Reading } from '../../src/read/reading.ts';

/** Every name that each object has without having been given it. */
const inherited = Object.getOwnPropertyNames(Object.prototype);

const base: readonly Record<string, unknown>[] = [
  { id: 'a', type: 'response', command: 'prompt', success: true, data: { disposition: 'started' } },
  { type: 'agent_start' },
  { type: 'message_start', message: { role: 'user', content: 'go' } },
  { type: 'message_start', message: { role: 'assistant' } },
  { type: 'message_update', assistantMessageEvent: { type: 'text_delta', delta: 'hi' } },
  { type: 'message_end', message: { role: 'assistant', stopReason: 'toolUse', usage: {}, model: 'm' } },
  { type: 'tool_execution_start', toolCallId: 'c', toolName: 'bash', args: { command: 'ls' } },
  { type: 'tool_execution_update', toolCallId: 'c', toolName: 'bash', partialResult: { content: [] } },
  { type: 'extension_ui_request', id: 'd', method: 'select', title: 't', options: ['a'] },
  { type: 'tool_execution_end', toolCallId: 'c', toolName: 'bash', result: { content: [] }, isError: false },
  { type: 'queue_update', steering: ['s'], followUp: [] },
  { type: 'auto_retry_start', attempt: 1, delayMs: 5, errorMessage: 'x' },
  { type: 'auto_retry_end', success: false, attempt: 1, finalError: 'x' },
  { type: 'thinking_level_changed', level: 'high' },
  { type: 'compaction_start', reason: 'r' },
  { type: 'summarization_retry_scheduled', attempt: 1, delayMs: 5, errorMessage: 'x' },
  { type: 'summarization_retry_finished' },
  { type: 'compaction_end', reason: 'r', result: { tokensBefore: 1, estimatedTokensAfter: 1 } },
  { type: 'agent_end', messages: [] },
  { id: 'b', type: 'response', command: 'get_state', success: true, data: { sessionId: 's', model: { id: 'm' } } },
  { type: 'agent_settled' },
];

/** Replaces, at one place in a record, a text by the name, or adds a field with the name. */
function altered(value: unknown, name: string, at: { left: number }, filler: unknown): unknown {
  if (typeof value === 'string') return at.left-- === 0 ? name : value;
  if (typeof value === 'number' || typeof value === 'boolean') return at.left-- === 0 ? filler : value;
  if (Array.isArray(value)) return value.map((each) => altered(each, name, at, filler));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [key, altered(each, name, at, filler)]);
  if (at.left-- === 0) entries.push([name, filler]);
  return Object.fromEntries(entries);
}

function read(lines: readonly string[]): string[] {
  const reading = new Reading([]);
  const events = new LineSplitter()
    .push(Buffer.from(lines.map((line) => `${line}\n`).join('')))
    .flatMap((line) => reading.take(line).events);
  return events.map(({ type }) => type);
}

test.each(inherited)('a record of the type %s is a record of an unknown type', (type) => {
  expect(read([JSON.stringify({ type }), `{"type":"${type}","id":"${type}"}`])).toEqual([]);
});

test('a name that every object has, or a value of another kind, at any place of any record breaks nothing', () => {
  const places = fc.record({
    record: fc.nat(base.length - 1),
    left: fc.nat(8),
    name: fc.constantFrom(...inherited),
    filler: fc.constantFrom<unknown>('toString', 5, null, {}, [], true, -1, 1e300),
  });
  fc.assert(
    fc.property(places, ({ record, left, name, filler }) => {
      const lines = base.map((each, index) =>
        JSON.stringify(index === record ? altered(each, name, { left }, filler) : each),
      );
      const types = read(lines);
      // An unknown type or role leaves the rest of the turn as it was; a spoiled record is quarantined.
      expect(types.filter((type) => type === 'turn.started')).toHaveLength(1);
    }),
    { numRuns: 2000 },
  );
});

test('a key named __proto__ changes no prototype', () => {
  const line = '{"type":"tool_execution_start","toolCallId":"c","toolName":"x","args":{"__proto__":{"polluted":true}}}';
  expect(read(['{"type":"agent_start"}', line])).toContain('tool.started');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
