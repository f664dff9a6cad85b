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

  test.each([
    ['complete', { stopReason: 'stop' }, 'message.completed', { status: 'succeeded' }],
    ['failed', { stopReason: 'error', errorMessage: '401' }, 'message.completed', { status: 'failed' }],
  ])('gives a prompt that began before Pi was found idle a turn of its own (%s)', (_how, stop, kept, outcome) => {
    const agentEnd = { type: 'agent_end', messages: [] };
    const next = [ok('ins-2'), { type: 'agent_start' }, user, assistant, end({ stopReason: 'stop' })];
    const events = played(...begun, say('first'), end({ ...stop, content: [] }), agentEnd, ...next);
    const at = events.findIndex(({ type }) => type === 'turn.ended');
    expect(events[at]).toMatchObject({ turnId: '1', outcome });
    expect(types(events.slice(0, at))).toContain(kept);
    expect(events.slice(at + 1, at + 3)).toEqual([
      { type: 'turn.started', turnId: '2', instructionId: 'ins-2' },
      { type: 'instruction.delivered', instructionId: 'ins-2', turnId: '2' },
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

  describe('tells the files that a tool wrote', () => {
    const call = (toolName: string, args: object, ended: object = {}) => [
      { type: 'tool_execution_start', toolCallId: 'c', toolName, args },
      { type: 'tool_execution_end', toolCallId: 'c', toolName, isError: false, ...ended },
    ];
    const writtenBy = (...records: readonly object[]) =>
      played(...begun, ...records).filter(({ type }) => type === 'file.written');
    const log = '/tmp/pi-bash-0a1b2c3d.log';
    const cut = (fullOutputPath: unknown) => ({ result: { content: [], details: { fullOutputPath } } });

    test('before its end, as Pi names them', () => {
      expect(writtenBy(...call('write', { path: 'a/b.md', content: 'x' }))).toEqual([
        { type: 'file.written', path: 'a/b.md', kind: 'work', callId: 'c' },
      ]);
      expect(writtenBy(...call('edit', { path: '/abs/c.md' }))).toMatchObject([{ path: '/abs/c.md', kind: 'work' }]);
      expect(writtenBy(...call('bash', {}, cut(log)))).toMatchObject([{ path: log, kind: 'output' }]);
      expect(types(played(...begun, ...call('write', { path: 'a' }))).slice(-3)).toEqual([
        'tool.started',
        'file.written',
        'tool.ended',
      ]);
    });

    test('also where the end of the call is unknown, and not where it failed', () => {
      const [started] = call('write', { path: 'a' });
      const answered = { type: 'message_end', message: { role: 'toolResult', toolCallId: 'c', content: [] } };
      expect(writtenBy(started!, answered)).toHaveLength(1);
      expect(writtenBy(...call('write', { path: 'a' }, { isError: true }))).toEqual([]);
    });

    test.each([
      ['another tool', call('read', { path: 'a' })],
      ['no path', call('write', { content: 'x' })],
      ['a path that is none', call('write', { path: 5 })],
      ['an empty path', call('write', { path: '' })],
      ['a path with a NUL', call('write', { path: 'a\0b' })],
      ['an endless path', call('write', { path: 'x'.repeat(4097) })],
      ['no arguments', call('edit', [])],
      ['an output of another tool', call('mine', {}, cut(log))],
      ['an output where Pi leaves none', call('bash', {}, cut('/home/me/.ssh/id_rsa'))],
      ['an output with a relative path', call('bash', {}, cut('pi-bash-0a1b.log'))],
    ])('but not for %s', (_, records) => {
      expect(writtenBy(...records)).toEqual([]);
    });
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
    expect(played(...begun, ...old).slice(-2)).toEqual([
      { type: 'compaction.started', reason: 'compaction' },
      { type: 'context.compacted', reason: 'overflow' },
    ]);
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
      { type: 'auto_retry_end', attempt: -1e300, success: false, finalError: 'x'.repeat(5000) },
      { type: 'compaction_start', reason: 'x'.repeat(5000) },
      { type: 'compaction_end', result: { tokensBefore: -1e300, estimatedTokensAfter: 1e300 }, errorMessage: 5 },
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

describe('what Pi does by itself', () => {
  const start = { type: 'auto_retry_start', attempt: 1, maxAttempts: 3, delayMs: 100, errorMessage: '429' };
  const over = { type: 'auto_retry_end', success: true, attempt: 1 };
  const compaction = { type: 'compaction_start', reason: 'threshold' };
  const compacted = { type: 'compaction_end', reason: 'threshold', result: { tokensBefore: 9 }, aborted: false };
  const ofItself = (...records: object[]) =>
    played(...records).filter(({ type }) => /^(retry|compaction|context|model)\./.test(type));
  /** The events that are left when the process ends. */
  const atExit = (...records: object[]) => {
    const state = newTranslatorState();
    for (const value of records) translate(state, readRecord(value) as never);
    return endAtExit(state, { kind: 'signaled', signal: 'SIGKILL' });
  };

  test('a retry whose end was spoiled ends with its turn, and how is unknown', () => {
    const events = played(...begun, start, { type: 'agent_start' }, assistant, end({ stopReason: 'stop' }), settled);
    expect(events.slice(-2)).toMatchObject([{ type: 'retry.ended', attempt: 1 }, { type: 'turn.ended' }]);
    expect(events.at(-2)).not.toHaveProperty('ok');
    const spoiled = { type: 'auto_retry_end', success: 'yes' };
    expect(ofItself(...begun, start, spoiled)).toContainEqual({ type: 'retry.ended', attempt: 1 });
  });

  test('an end whose start is not known, and one that is repeated, tell nothing', () => {
    expect(ofItself(...begun, over, over)).toEqual([]);
    expect(ofItself(...begun, start, over, over)).toHaveLength(2);
    expect(ofItself(...begun, { type: 'summarization_retry_finished' })).toEqual([]);
  });

  test('a compaction that is cancelled, or fails without a start, has failed', () => {
    const cancelled = { type: 'compaction_end', reason: 'threshold', aborted: true };
    expect(ofItself(...begun, compaction, cancelled).at(-1)).toEqual({
      type: 'compaction.failed',
      reason: 'The compaction was cancelled',
    });
    const again = { type: 'compaction_end', reason: 'overflow', aborted: false, errorMessage: 'failed after one' };
    expect(ofItself(...begun, again)).toEqual([{ type: 'compaction.failed', reason: 'failed after one' }]);
    expect(ofItself(...begun, { type: 'compaction_end' })).toEqual([
      { type: 'compaction.failed', reason: 'Pi reported a compaction without a result' },
    ]);
  });

  test('two compactions that overlap, as in 0.73, start once', () => {
    const failed = { type: 'compaction_end', reason: 'threshold', aborted: false, errorMessage: 'no signal' };
    expect(ofItself(...begun, compaction, compaction, compacted, failed)).toEqual([
      { type: 'compaction.started', reason: 'threshold' },
      { type: 'context.compacted', reason: 'threshold', tokensBefore: 9 },
      { type: 'compaction.failed', reason: 'no signal' },
    ]);
  });

  test('a compaction before a turn is told, too', () => {
    const events = played(compaction, compacted, ...begun);
    expect(types(events).slice(0, 3)).toEqual(['compaction.started', 'context.compacted', 'instruction.accepted']);
  });

  test('a compaction whose end was spoiled is over when Pi goes on, and whether it succeeded is unknown', () => {
    const reason = 'Whether it succeeded is unknown: Pi reported no end of it';
    const goesOn = ofItself(...begun, compaction, { type: 'agent_start' });
    expect(goesOn.at(-1)).toEqual({ type: 'compaction.failed', reason });
    expect(played(...begun, compaction, settled).slice(-2)).toMatchObject([
      { type: 'compaction.failed', reason },
      { type: 'turn.ended' },
    ]);
  });

  test('what the process leaves open when it ends is ended before its turn, and where there is none', () => {
    expect(atExit(...begun, start, compaction).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['retry.ended', 'compaction.failed', 'turn.ended']),
    );
    expect(atExit(...begun, start, compaction).at(-1)?.type).toBe('turn.ended');
    expect(atExit(compaction).map(({ type }) => type)).toEqual(['compaction.failed']);
    expect(atExit(compaction, compacted)).toEqual([]);
  });
});

describe('the model in use', () => {
  const state = (data: object) => ({ type: 'response', command: 'get_state', success: true, id: '1.1', data });
  const fake = { id: 'fake-1', provider: 'fake' };
  const models = (...records: object[]) => played(...records).filter(({ type }) => type === 'model.selected');
  const by = (message: object) => [
    { type: 'message_start', message: { role: 'assistant', ...message } },
    end({ stopReason: 'stop', ...message }),
  ];

  test('is told once, however often Pi repeats it', () => {
    const known = state({ model: fake, thinkingLevel: 'off' });
    expect(models(known, known, ...begun, ...by({ provider: 'fake', model: 'fake-1' }), known)).toEqual([
      { type: 'model.selected', model: 'fake-1', provider: 'fake', thinking: 'off' },
    ]);
  });

  test('is told by its first message where nothing else did, without what Pi did not say', () => {
    expect(models(...begun, ...by({ model: 'fake-1' }))).toEqual([{ type: 'model.selected', model: 'fake-1' }]);
    expect(models(...begun, ...by({ provider: 'fake' }))).toEqual([]);
  });

  test('is not told for a Pi that has none', () => {
    expect(models(state({ model: { id: 'unknown', provider: 'unknown' }, thinkingLevel: 'off' }))).toEqual([]);
    expect(models(state({ model: null }), state({}), { type: 'thinking_level_changed', level: 'high' })).toEqual([]);
  });

  test('is another one when the provider answers with another, and again when it does not', () => {
    const asked = { provider: 'openrouter', model: 'auto' };
    const events = models(
      state({ model: { id: 'auto', provider: 'openrouter' } }),
      ...begun,
      ...by({ ...asked, responseModel: 'opus' }),
      // A failed call has no answer that could tell.
      end({ stopReason: 'error', errorMessage: '429', ...asked }),
      ...by({ ...asked, responseModel: 'opus' }),
      ...by(asked),
    );
    expect(events).toEqual([
      { type: 'model.selected', ...asked },
      { type: 'model.selected', ...asked, answeredBy: 'opus' },
      { type: 'model.selected', ...asked },
    ]);
  });

  test('has the level of thinking that a message of 1.5 names', () => {
    expect(models(...begun, ...by({ provider: 'fake', model: 'fake-1', thinkingLevel: 'low' })).at(-1)).toEqual({
      type: 'model.selected',
      model: 'fake-1',
      provider: 'fake',
      thinking: 'low',
    });
  });

  test('has names of a length that an event may hold', () => {
    const long = 'x'.repeat(5000);
    const [event] = models(state({ model: { id: long, provider: long }, thinkingLevel: long }));
    expect(sessionEventSchemas['model.selected'].safeParse(event).error).toBeUndefined();
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
