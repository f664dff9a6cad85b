import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Json, startPi } from '../support/pi-client.ts';

const prompt = (message: string): Json => ({ id: `p-${message}`, type: 'prompt', message });
const texts = (records: readonly Json[]): string =>
  JSON.stringify(records.filter(({ type }) => type === 'message_end'));

describe('commands', () => {
  test('a line that is null ends the process with 1', async () => {
    await using pi = await startPi();
    pi.send('null');
    expect(await pi.agent.ended).toEqual({ code: 1, signal: null });
    expect(pi.agent.stderr()).toContain('TypeError');
  });

  test('lines that are no command get an error without id, and 0.73 leaves the id of an unknown command out', async () => {
    for (const [version, id] of [
      ['0.73', undefined],
      ['0.87', 'q'],
    ] as const) {
      await using pi = await startPi({ version });
      pi.send('{oops', '', '[]', { id: 'q', type: 'nope' }, { id: 'last', type: 'get_state' });
      await pi.until((record) => record['id'] === 'last');
      const [first, second, third, fourth] = pi.records();
      expect([first?.['command'], second?.['command']]).toEqual(['parse', 'parse']);
      expect(third).toEqual({ type: 'response', success: false, error: 'Unknown command: undefined' });
      expect(fourth).toEqual({
        ...(id === undefined ? {} : { id }),
        type: 'response',
        command: 'nope',
        success: false,
        error: 'Unknown command: nope',
      });
    }
  });

  test('a second prompt in a run is refused without streamingBehavior', async () => {
    await using pi = await startPi({ script: { rules: [{ steps: [{ hang: true }] }] } });
    await pi.call(prompt('one'));
    await pi.untilType('turn_start');
    expect(await pi.call(prompt('two'))).toMatchObject({
      success: false,
      error: expect.stringContaining('already processing'),
    });
  });

  test('U+2028 does not end a line, and the last line needs no line feed', async () => {
    await using pi = await startPi();
    pi.agent.child.stdin.end(JSON.stringify({ id: 'a', type: 'set_session_name', name: 'x\u2028y' }));
    expect(await pi.agent.ended).toEqual({ code: 0, signal: null });
    expect(pi.records()).toContainEqual({ type: 'session_info_changed', name: 'x\u2028y' });
  });

  test('get_entries gives what came since an entry, and an error for one that it does not know', async () => {
    await using pi = await startPi();
    await pi.call(prompt('one'));
    await pi.untilType('agent_settled');
    const first = await pi.call({ id: 'e1', type: 'get_entries' });
    const leaf = Reflect.get(Object(first['data']), 'leafId');
    await pi.call(prompt('two'));
    await pi.untilType('agent_settled');
    const second = await pi.call({ id: 'e2', type: 'get_entries', since: leaf });
    const entries: Json[] = Reflect.get(Object(second['data']), 'entries');
    expect(entries.map(({ message }) => Reflect.get(Object(message), 'role'))).toEqual(['user', 'assistant']);
    expect(await pi.call({ id: 'e3', type: 'get_entries', since: 'zzz' })).toMatchObject({
      success: false,
      error: 'Entry not found: zzz',
    });
  });
});

describe('dialogs', () => {
  const script = {
    rules: [{ steps: [{ dialog: { method: 'confirm', title: 'Go on?' } as const }, { text: 'answer {{answer}}' }] }],
  };

  test('an unanswered one blocks the abort until it is answered', async () => {
    await using pi = await startPi({ script });
    await pi.call(prompt('one'));
    const dialog = await pi.untilType('extension_ui_request');
    pi.send({ id: 'a', type: 'abort' });
    await sleep(100);
    expect(pi.records().some(({ command }) => command === 'abort')).toBe(false);
    pi.send({ type: 'extension_ui_response', id: dialog['id'], cancelled: true });
    await pi.until(({ command }) => command === 'abort');
  });

  test('an answer reaches the script, and one to an unknown id is ignored', async () => {
    await using pi = await startPi({ script });
    await pi.call(prompt('one'));
    const dialog = await pi.untilType('extension_ui_request');
    pi.send({ type: 'extension_ui_response', id: 'unknown', confirmed: false });
    pi.send({ type: 'extension_ui_response', id: dialog['id'], confirmed: true });
    await pi.untilType('agent_settled');
    expect(texts(pi.records())).toContain('answer true');
  });

  test('its own timeout ends it', async () => {
    await using pi = await startPi({
      script: {
        rules: [
          {
            steps: [
              { dialog: { method: 'select', title: 'Which?', options: ['a'], timeout: 20 } },
              { text: 'answer {{answer}}' },
            ],
          },
        ],
      },
    });
    await pi.call(prompt('one'));
    await pi.untilType('agent_settled');
    expect(texts(pi.records())).toContain('answer undefined');
  });
});

describe('turns', () => {
  test('tools of one message start in order, end as they end, and report in order', async () => {
    const tools = [
      { name: 'slow', durationMs: 80 },
      { name: 'fast', durationMs: 5 },
    ];
    await using pi = await startPi({ script: { rules: [{ steps: [{ tools }] }] } });
    await pi.call(prompt('one'));
    await pi.untilType('agent_settled');
    const names = (type: string): unknown[] =>
      pi
        .records()
        .filter((record) => record['type'] === type)
        .map((record) => record['toolName']);
    expect(names('tool_execution_start')).toEqual(['slow', 'fast']);
    expect(names('tool_execution_end')).toEqual(['fast', 'slow']);
    const results = pi
      .records()
      .flatMap(({ type, message }) =>
        type === 'message_end' && Reflect.get(Object(message), 'role') === 'toolResult'
          ? [Reflect.get(Object(message), 'toolName')]
          : [],
      );
    expect(results).toEqual(['slow', 'fast']);
  });

  test('an overflow reports no retry, compacts and goes on in a new agent_start', async () => {
    await using pi = await startPi({ script: { rules: [{ steps: [{ overflow: true }, { text: 'after' }] }] } });
    await pi.call(prompt('one'));
    await pi.untilType('agent_settled');
    const types = pi.records().map(({ type }) => type);
    expect(pi.records().find(({ type }) => type === 'agent_end')).toMatchObject({ willRetry: false });
    expect(types.slice(types.indexOf('agent_end'), types.indexOf('agent_end') + 5)).toEqual([
      'agent_end',
      'entry_appended',
      'compaction_start',
      'compaction_end',
      'agent_start',
    ]);
    expect(types.filter((type) => type === 'agent_settled')).toHaveLength(1);
  });

  test('a compaction at the threshold comes between agent_end and agent_settled', async () => {
    await using pi = await startPi({
      script: { rules: [{ steps: [{ text: 'long' }, { thresholdCompaction: true }] }] },
    });
    await pi.call(prompt('one'));
    await pi.untilType('agent_settled');
    expect(
      pi
        .records()
        .map(({ type }) => type)
        .slice(-4),
    ).toEqual(['agent_end', 'compaction_start', 'compaction_end', 'agent_settled']);
  });

  test('an error ends the run without a retry, and an answer that is cut short ends with length', async () => {
    await using pi = await startPi({
      script: { rules: [{ times: 1, steps: [{ error: '401: no' }] }, { steps: [{ text: 'cut' }, { length: true }] }] },
    });
    for (const [name, reason] of [
      ['one', 'error'],
      ['two', 'length'],
    ] as const) {
      await pi.call(prompt(name));
      await pi.untilType('agent_settled');
      expect(pi.records().findLast(({ type }) => type === 'message_end')).toMatchObject({
        message: { stopReason: reason },
      });
    }
    expect(pi.records().some(({ type }) => type === 'auto_retry_start')).toBe(false);
  });

  test('0.73 is not streaming in the delay of a retry', async () => {
    for (const [version, streaming] of [
      ['0.73', false],
      ['0.87', true],
    ] as const) {
      await using pi = await startPi({
        version,
        script: { rules: [{ steps: [{ retry: { times: 1, delayMs: 5000 } }] }] },
      });
      await pi.call(prompt('one'));
      await pi.untilType('auto_retry_start');
      expect(await pi.call({ id: 's', type: 'get_state' })).toMatchObject({ data: { isStreaming: streaming } });
    }
  });

  test('the effect of a write tool is a file in the folder of the session', async () => {
    await using pi = await startPi({
      script: {
        rules: [{ steps: [{ tool: { name: 'write', args: { path: 'a/b.txt', content: 'x' }, effect: 'write' } }] }],
      },
    });
    await pi.call(prompt('one'));
    await pi.untilType('agent_settled');
    expect(await readFile(join(pi.folder, 'a/b.txt'), 'utf8')).toBe('x');
  });
});
