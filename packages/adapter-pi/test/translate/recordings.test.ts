import { readFileSync, readdirSync } from 'node:fs';
import { sessionEventSchemas, type SessionEvent } from '@runtime/contracts/adapter';
import { describe, expect, test } from 'vitest';
import { newTranslatorState } from '../../src/translate/state.ts';
import { translate } from '../../src/translate/translate.ts';
import { readEcho, readRecord } from '../../src/wire.ts';
import { outcomes, played, types } from '../support/played.ts';

const folder = new URL('../fixtures/pi-0.87/', import.meta.url);
const recordings = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl') && !/\.(sent|session)\./.test(name))
  .map((name) => name.slice(0, -'.jsonl'.length));

const lines = (name: string): string[] =>
  readFileSync(new URL(`${name}.jsonl`, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
const recorded = (name: string): SessionEvent[] => played(...lines(name).map((line): unknown => JSON.parse(line)));

describe('what was recorded of Pi 0.87.1', () => {
  test.each(recordings)(
    '%s gives valid events, with every turn and tool closed and every completed message whole',
    (name) => {
      const events = recorded(name);
      expect(events.length).toBeGreaterThan(3);
      for (const event of events)
        expect(sessionEventSchemas[event.type].safeParse(event).success, event.type).toBe(true);
      const open = new Set<string>();
      const texts = new Map<string, string>();
      for (const event of events) {
        if (event.type === 'turn.started' || event.type === 'tool.started')
          open.add('turnId' in event ? event.turnId : event.callId);
        if (event.type === 'turn.ended' || event.type === 'tool.ended')
          expect(open.delete('turnId' in event ? event.turnId : event.callId)).toBe(true);
        if (event.type === 'text.delta') texts.set(event.messageId, (texts.get(event.messageId) ?? '') + event.text);
        if (event.type === 'message.completed') expect(event.text).toBe(texts.get(event.messageId) ?? '');
      }
      expect([...open]).toEqual([]);
    },
  );

  test('hello', () => {
    expect(types(recorded('hello'))).toEqual([
      'session.opened',
      'model.selected',
      'instruction.accepted',
      'turn.started',
      'instruction.delivered',
      'instruction.observed',
      'text.delta',
      'message.completed',
      'usage.reported',
      'turn.ended',
    ]);
    expect(recorded('hello').at(-1)).toEqual({
      type: 'turn.ended',
      turnId: '1',
      outcome: { status: 'succeeded' },
      usage: {
        scope: 'turn',
        inputTokens: 1424,
        outputTokens: 6,
        cacheReadTokens: 0,
        cacheWriteTokens: 0,
        costUsd: 0.001436,
      },
    });
  });

  test('tool-write: reasoning, tools with their input, and bash output as additions', () => {
    const events = recorded('tool-write');
    expect(events.find((event) => event.type === 'tool.started')).toEqual({
      type: 'tool.started',
      callId: 'call_1_0',
      name: 'write',
      input: { path: 'notes.txt', content: 'hello\n' },
    });
    expect(events.filter((event) => event.type === 'tool.delta').map((event) => [event.mode, event.text])).toEqual([
      ['append', 'line 1\n'],
      ['append', 'line 2\n'],
      ['append', 'line 3\n'],
    ]);
    const reasoning = events.flatMap((event) => (event.type === 'reasoning.delta' ? [event.text] : []));
    expect(reasoning.join('')).toBe('A file is wanted.');
  });

  test('steer-mid-run: the steer enters the turn, the follow-up has one of its own, each with its evidence', () => {
    const steps = recorded('steer-mid-run').flatMap((event) => {
      if (event.type === 'turn.started') return [`turn ${event.turnId} for ${event.instructionId}`];
      if (event.type === 'turn.ended') return [`turn ${event.turnId} ${event.outcome.status}`];
      return event.type.startsWith('instruction.') && 'instructionId' in event
        ? [`${event.instructionId} ${event.type.slice(12)}`]
        : [];
    });
    expect(steps).toEqual([
      'ins-1 accepted',
      'turn 1 for ins-1',
      'ins-1 delivered',
      'ins-1 observed',
      'ins-2 accepted',
      'ins-3 accepted',
      'ins-2 delivered',
      'ins-2 observed',
      'turn 1 succeeded',
      'turn 2 for ins-3',
      'ins-3 delivered',
      'ins-3 observed',
      'turn 2 succeeded',
    ]);
  });

  test('retry-429: the text of the broken message is discarded, and the turn goes on', () => {
    const events = recorded('retry-429');
    expect(events.filter((event) => event.type === 'message.discarded')).toEqual([
      { type: 'message.discarded', messageId: 'm1', reason: 'terminated' },
    ]);
    expect(events.filter((event) => event.type === 'retry.scheduled').map((event) => event.attempt)).toEqual([1, 2]);
    expect(events.filter((event) => event.type === 'message.completed').map((event) => event.text)).toEqual([
      'Third time.',
    ]);
    expect(outcomes(events)).toEqual([{ status: 'succeeded' }]);
  });

  /** What Pi does by itself, in the order in which it reports it. */
  const ofItself = (name: string): SessionEvent[] =>
    recorded(name).filter(({ type }) => /^(retry|compaction|context)\./.test(type));

  test('retry-429 and retry-exhausted: the end of a retry is told once, with how it ended', () => {
    const fire = '500: {"message":"upstream broke","type":"server_error","code":null}';
    expect(ofItself('retry-429').at(-1)).toEqual({ type: 'retry.ended', attempt: 2, ok: true });
    expect(ofItself('retry-429').map(({ type }) => type)).toEqual([
      'retry.scheduled',
      'retry.scheduled',
      'retry.ended',
    ]);
    expect(ofItself('retry-exhausted').slice(-2)).toEqual([
      { type: 'retry.scheduled', attempt: 3, delayMs: 1200, reason: fire },
      { type: 'retry.ended', attempt: 3, ok: false, reason: fire },
    ]);
  });

  test('retry-then-400: a retry may end with another failure than it began with', () => {
    expect(ofItself('retry-then-400').at(-1)).toEqual({
      type: 'retry.ended',
      attempt: 1,
      ok: false,
      reason: '400: {"message":"bad","type":"invalid_request_error","code":null}',
    });
  });

  test('retry-abort-in-call: an attempt that is aborted did not succeed, though Pi says so', () => {
    expect(lines('retry-abort-in-call')).toContain('{"type":"auto_retry_end","success":true,"attempt":1}');
    expect(ofItself('retry-abort-in-call').at(-1)).toEqual({
      type: 'retry.ended',
      attempt: 1,
      ok: false,
      reason: 'Request was aborted',
    });
  });

  test('overflow: the start of a compaction and its end, with the tokens before and after', () => {
    expect(ofItself('overflow')).toEqual([
      { type: 'compaction.started', reason: 'overflow' },
      { type: 'context.compacted', reason: 'overflow', tokensBefore: 1759, tokensAfter: 1609 },
    ]);
    expect(outcomes(recorded('overflow')).at(-1)).toEqual({ status: 'succeeded' });
  });

  test('threshold and compaction-failed: retries within a compaction, and why one failed', () => {
    const reason = '503: {"message":"summaries are on fire","type":"server_error","code":null}';
    const scheduled = (attempt: number): SessionEvent => ({
      type: 'retry.scheduled',
      attempt,
      delayMs: 100 * attempt,
      reason,
    });
    expect(ofItself('threshold')).toEqual([
      { type: 'compaction.started', reason: 'threshold' },
      scheduled(1),
      // Pi does not say how it ended.
      { type: 'retry.ended', attempt: 1 },
      { type: 'context.compacted', reason: 'threshold', tokensBefore: 29_005, tokensAfter: 1603 },
    ]);
    expect(ofItself('compaction-failed')).toEqual([
      { type: 'compaction.started', reason: 'manual' },
      scheduled(1),
      scheduled(2),
      { type: 'retry.ended', attempt: 2 },
      { type: 'compaction.failed', reason: `Compaction failed: Summarization failed: ${reason}` },
    ]);
  });

  test('models: the model is told when it is known, and when an extension or its level of thinking changed', () => {
    const selected = recorded('models').filter(({ type }) => type === 'model.selected');
    expect(selected).toEqual([
      { type: 'model.selected', provider: 'fake', model: 'fake-1', thinking: 'off' },
      // By an extension, which Pi shows at the next message only.
      { type: 'model.selected', provider: 'fake', model: 'fake-2', thinking: 'high' },
      { type: 'model.selected', provider: 'fake', model: 'fake-2', thinking: 'low' },
    ]);
  });

  test.each([
    ['retry-exhausted', 'failed', 'overloaded'],
    ['auth-401', 'failed', 'auth'],
    ['abort-in-tool', 'cancelled', undefined],
    ['abort-in-text', 'cancelled', undefined],
  ])('%s ends as %s %s', (name, status, code) => {
    expect(outcomes(recorded(name))).toMatchObject([{ status, ...(code === undefined ? {} : { code }) }]);
  });

  test('dialog: the questions of an extension are approvals with two choices', () => {
    const asked = recorded('dialog').filter((event) => event.type === 'approval.requested');
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatchObject({
      kind: 'dialog',
      title: 'Allow?',
      message: 'run: echo hi',
      choices: [
        { id: 'allow', kind: 'allow' },
        { id: 'deny', kind: 'deny' },
      ],
    });
  });

  test.each(recordings)(
    '%s gives the same events whether its echoes are parsed or only recognised by their beginning',
    (name) => {
      const state = newTranslatorState();
      const events = lines(name).flatMap((line) => {
        const record = readEcho(line.slice(0, 80)) ?? readRecord(JSON.parse(line));
        return record.type === 'malformed' ? [] : translate(state, record);
      });
      expect(events).toEqual(recorded(name));
    },
  );
});
