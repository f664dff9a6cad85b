import { runOutcomeSchema } from '@runtime/contracts';
import { maxOpen, sessionEventSchemas } from '@runtime/contracts/adapter';
import { describe, expect, test } from 'vitest';
import { newTranslatorState } from '../../src/translate/state.ts';
import { endAtExit } from '../../src/translate/turns.ts';
import { translate } from '../../src/translate/translate.ts';
import { readRecord } from '../../src/wire.ts';
import { outcomes, played, types } from '../support/played.ts';

const ok = (id: string, data?: unknown) => ({
  id,
  type: 'response',
  command: 'prompt',
  success: true,
  ...(data ? { data } : {}),
});
const user = { type: 'message_start', message: { role: 'user', content: [] } };
const assistant = { type: 'message_start', message: { role: 'assistant', content: [] } };
const end = (message: object) => ({ type: 'message_end', message: { role: 'assistant', ...message } });
const say = (delta: string) => ({
  type: 'message_update',
  assistantMessageEvent: { type: 'text_delta', contentIndex: 0, delta },
});
const begun = [ok('ins-1'), { type: 'agent_start' }, user, assistant];
const settled = { type: 'agent_settled' };

describe('the translator', () => {
  test('follows as many open calls as the plane takes, so that a turn ends with no more ends than that', () => {
    const calls = Array.from({ length: 2000 }, (_, n) => ({
      type: 'tool_execution_start',
      toolCallId: `call-${n}`,
      toolName: 'bash',
      args: {},
    }));
    const events = played(...begun, ...calls, settled).map(({ type }) => type);
    // The plane says which of them it did not take.
    expect(events.filter((type) => type === 'tool.started')).toHaveLength(calls.length);
    expect(events.filter((type) => type === 'tool.ended')).toHaveLength(maxOpen);
    expect(events.at(-1)).toBe('turn.ended');
  });

  test('declines a prompt that Pi rejects, and gives the run an outcome if no turn is running', () => {
    const refused = {
      id: 'ins-1',
      type: 'response',
      command: 'prompt',
      success: false,
      error: 'No API key found for fake.',
    };
    expect(played(refused)).toEqual([
      { type: 'instruction.declined', instructionId: 'ins-1', reason: 'No API key found for fake.' },
      { type: 'turn.started', turnId: '1', instructionId: 'ins-1' },
      {
        type: 'turn.ended',
        turnId: '1',
        outcome: { status: 'failed', code: 'auth', message: 'No API key found for fake.' },
      },
    ]);
    const inTurn = played(...begun, { ...refused, id: 'ins-2' });
    expect(types(inTurn).slice(-1)).toEqual(['instruction.declined']);
  });

  test('makes a turn of a prompt that an extension handled without the agent', () => {
    expect(types(played(ok('ins-1', { disposition: 'handled' })))).toEqual([
      'instruction.accepted',
      'turn.started',
      'instruction.delivered',
      'turn.ended',
    ]);
  });

  test('does the same for an older Pi once its answer shows that it is idle', () => {
    const state = {
      id: '9.1.handled',
      type: 'response',
      command: 'get_state',
      success: true,
      data: { isStreaming: false, isCompacting: false },
    };
    expect(types(played(ok('ins-1'), state)).slice(-1)).toEqual(['turn.ended']);
    expect(types(played(ok('ins-1'), { ...state, data: { isStreaming: true } }))).toEqual(['instruction.accepted']);
  });

  test.each([
    ['stop', undefined, { status: 'succeeded' }],
    ['length', undefined, { status: 'failed', code: 'unknown' }],
    ['length', 'maximum context length exceeded', { status: 'failed', code: 'context_overflow' }],
    ['error', '401 invalid api key', { status: 'failed', code: 'auth' }],
    ['error', '429: slow down', { status: 'failed', code: 'rate_limit' }],
    ['error', 'Connection error.', { status: 'failed', code: 'network' }],
    ['aborted', 'Request was aborted', { status: 'cancelled' }],
    ['toolUse', undefined, { status: 'succeeded' }],
  ])('ends a turn whose last message stopped with %s (%s) as %o', (stopReason, errorMessage, outcome) => {
    const events = played(...begun, end({ stopReason, ...(errorMessage ? { errorMessage } : {}) }), settled);
    expect(outcomes(events)).toMatchObject([outcome]);
    expect(runOutcomeSchema.safeParse(outcomes(events)[0]).success).toBe(true);
  });

  test('keeps a success that was complete before the interrupt took hold', () => {
    const cleared = {
      id: '9.2',
      type: 'response',
      command: 'clear_queue',
      success: true,
      data: { steering: [], followUp: [] },
    };
    expect(outcomes(played(...begun, end({ stopReason: 'stop' }), cleared, settled))).toEqual([
      { status: 'succeeded' },
    ]);
    expect(outcomes(played(...begun, cleared, end({ stopReason: 'error' }), settled))).toMatchObject([
      { status: 'cancelled' },
    ]);
  });

  test('does not end a turn at agent_settled of a run that never had an answer as a success', () => {
    expect(outcomes(played(ok('ins-1'), { type: 'agent_start' }, settled))).toMatchObject([
      { status: 'failed', code: 'unknown' },
    ]);
  });

  test('reports a text that had no increments, and interleaved blocks in the order in which they came', () => {
    const whole = played(
      ...begun,
      end({
        stopReason: 'stop',
        content: [
          { type: 'text', text: 'all ' },
          { type: 'text', text: 'at once' },
        ],
      }),
    );
    expect(whole.filter((event) => event.type === 'message.completed')).toMatchObject([{ text: 'all at once' }]);
    expect(whole.filter((event) => event.type === 'text.delta')).toMatchObject([{ text: 'all at once' }]);
  });

  test('keeps head and tail of a message that is longer than an event, and counts what is missing', () => {
    const half = '😀'.repeat(100_000);
    const events = played(...begun, say(half), say(`${half} end`), end({ stopReason: 'stop' }));
    const completed = events.find((event) => event.type === 'message.completed');
    expect(completed?.text.length).toBeLessThanOrEqual(256 * 1024);
    expect(completed?.text.endsWith(' end')).toBe(true);
    expect(completed?.text).not.toMatch(/\p{Surrogate}/u);
    expect((completed?.omittedChars ?? 0) + (completed?.text.length ?? 0)).toBe(400_004);
    for (const event of events) if (event.type === 'text.delta') expect(event.text).not.toMatch(/\p{Surrogate}/u);
  });

  test('replaces the output of a tool that lost its beginning, and not endlessly often', () => {
    const update = (text: string) => ({
      type: 'tool_execution_update',
      toolCallId: 'c',
      toolName: 'bash',
      partialResult: { content: [{ type: 'text', text }] },
    });
    const many = Array.from({ length: 1000 }, (_, index) => update(`${index} only`));
    const start = { type: 'tool_execution_start', toolCallId: 'c', toolName: 'bash', args: {} };
    const deltas = played(...begun, start, ...many).filter((event) => event.type === 'tool.delta');
    expect(deltas.filter((event) => event.mode === 'replace').length).toBeLessThan(200);
  });

  test('leaves out arguments of a tool that are larger than an event', () => {
    const start = {
      type: 'tool_execution_start',
      toolCallId: 'c',
      toolName: 'write',
      args: { content: 'x'.repeat(300_000) },
    };
    expect(played(...begun, start).at(-1)).toEqual({ type: 'tool.started', callId: 'c', name: 'write' });
  });

  test('withdraws a dialog that has a timeout when the turn ends, and no other', () => {
    const ask = (id: string, timeout?: number) => ({
      type: 'extension_ui_request',
      id,
      method: 'confirm',
      title: 'Well?',
      ...(timeout ? { timeout } : {}),
    });
    const events = played(
      ...begun,
      ask('a', 500),
      ask('b'),
      { type: 'extension_ui_request', id: 'c', method: 'notify', message: 'x' },
      settled,
    );
    expect(events.filter((event) => event.type === 'approval.requested').map((event) => event.approvalId)).toEqual([
      'a',
      'b',
    ]);
    expect(events.filter((event) => event.type === 'approval.withdrawn').map((event) => event.approvalId)).toEqual([
      'a',
    ]);
  });

  test('knows the names that older versions used for a compaction', () => {
    const old = [{ type: 'auto_compaction_start' }, { type: 'auto_compaction_end', reason: 'overflow', result: {} }];
    expect(played(...begun, ...old).at(-1)).toEqual({ type: 'context.compacted', reason: 'overflow' });
  });

  test('ignores a user message that was not sent by the plane', () => {
    const events = played(...begun, { ...user }, say('x'));
    expect(events.filter((event) => event.type === 'instruction.delivered')).toHaveLength(1);
  });

  test('distinguishes two queued steers with the same text by their order', () => {
    const queue = (...steering: string[]) => ({ type: 'queue_update', steering, followUp: [] });
    const events = played(
      ...begun,
      queue('again'),
      ok('s-1'),
      queue('again', 'again'),
      ok('s-2'),
      queue('again'),
      user,
      queue(),
      user,
    );
    const delivered = events.flatMap((event) => (event.type === 'instruction.delivered' ? [event.instructionId] : []));
    expect(delivered).toEqual(['ins-1', 's-1', 's-2']);
  });

  test.each([
    ['SIGKILL', 'killed'],
    ['SIGSEGV', 'crashed'],
  ])('closes an open turn with the recorded exit: by %s it %s', (signal, code) => {
    const state = newTranslatorState();
    for (const value of begun) translate(state, readRecord(value) as never);
    expect(endAtExit(state, { kind: 'signaled', signal }).at(-1)).toMatchObject({
      turnId: '1',
      outcome: { status: 'failed', code },
    });
    expect(endAtExit(state, { kind: 'exited', code: 0 })).toEqual([]);
  });

  test.each([null, 1, 'x', [], {}, { type: 1 }, { type: 'message_update' }, { type: 'tool_execution_start' }])(
    'understands that %j is no record',
    (value) => {
      expect(readRecord(value).type).toBe('malformed');
    },
  );

  test('reports no number and no id that an event may not hold', () => {
    const usage = { input: 1e300, output: 1, cost: { total: 1e308 } };
    const ask = { type: 'extension_ui_request', id: 'd', method: 'input', title: 'Q', timeout: 1e300 };
    const events = played(
      ok('Nobody\u0007'),
      ...begun,
      { type: 'auto_retry_start', attempt: 1e300, delayMs: 1e300, errorMessage: '' },
      ask,
      end({ stopReason: 'stop', usage }),
      settled,
    );
    for (const event of events)
      expect(sessionEventSchemas[event.type].safeParse(event).error, event.type).toBeUndefined();
    expect(types(events).slice(-1)).toEqual(['turn.ended']);
    const tool = { type: 'tool_execution_start', toolCallId: 'a\nb', toolName: 'bash' };
    expect(readRecord(tool).type).toBe('malformed');
    expect(readRecord({ ...ask, id: 'a\u001bb' }).type).toBe('malformed');
  });

  test('ignores what later versions add', () => {
    expect(played({ type: 'brand_new', x: 1 }, { type: 'agent_start', runId: 'new' })).toMatchObject([
      { type: 'turn.started' },
    ]);
  });
});

describe('a turn that met a limit', () => {
  const limited = (errorMessage: string, more: object = {}) => end({ stopReason: 'error', errorMessage, ...more });
  const pause = (delayMs: number) => ({ type: 'auto_retry_start', attempt: 1, delayMs, errorMessage: '429' });
  const failedWith = (...records: object[]) => outcomes(played(...begun, ...records, settled))[0];
  const noon = Date.UTC(2026, 10, 26, 12);

  test('names the wait of its text', () => {
    expect(failedWith(limited('429: try again in 20s'))).toMatchObject({ code: 'rate_limit', retryAfterMs: 20_000 });
    const plan = 'You have hit your ChatGPT usage limit (plus plan). Try again in ~47 min.';
    expect(failedWith(limited(plan))).toMatchObject({ code: 'quota', retryAfterMs: 47 * 60_000 });
    const capacity = 'You have exhausted your capacity on this model. Your quota will reset after 2h31m10s.';
    expect(failedWith(limited(capacity))).toMatchObject({ code: 'quota', retryAfterMs: 9_070_000 });
    expect(failedWith(limited('503: retry-after: 90'))).toMatchObject({ code: 'overloaded', retryAfterMs: 90_000 });
  });

  test('counts a point in time from when the message was written, at every replay', () => {
    const text = 'Quota exceeded. Your quota resets at 2026-11-26T12:30:00Z';
    expect(failedWith(limited(text, { timestamp: noon }))).toMatchObject({ code: 'quota', retryAfterMs: 1_800_000 });
    expect(failedWith(limited(text))).not.toHaveProperty('retryAfterMs');
  });

  test("names a pause that is longer than Pi's own, when its text names none", () => {
    expect(failedWith(pause(45_000), assistant, limited('429'))).toMatchObject({ retryAfterMs: 45_000 });
    expect(failedWith(pause(8000), assistant, limited('429'))).not.toHaveProperty('retryAfterMs');
    expect(failedWith(pause(45_000), assistant, limited('429: retry-after: 90'))).toMatchObject({
      retryAfterMs: 90_000,
    });
  });

  test('is the only one that names a wait', () => {
    expect(failedWith(limited('400: try again in 20s'))).not.toHaveProperty('retryAfterMs');
  });
});
