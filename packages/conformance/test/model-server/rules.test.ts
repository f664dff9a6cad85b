import { describe, expect, test } from 'vitest';
import {
  type ScenarioInput,
  parseScenario,
  startModelServer,
  writeFileScenario,
} from '../../src/model-server/index.ts';

import { ask, assistant, events, post, serve, tool, user } from '../support/completions.ts';

describe('rules', () => {
  test('the first that matches and is not used up answers', async () => {
    await using server = await serve({ times: 2, reply: { text: 'early' } }, { reply: { text: 'late' } });
    expect([await ask(server, [user('x')]), await ask(server, [user('x')]), await ask(server, [user('x')])]).toEqual([
      'early',
      'early',
      'late',
    ]);
  });

  test('see the conversation: last and any user text, tool results, roles, system, model, number of the request', async () => {
    await using server = await serve(
      { when: { nth: 1 }, reply: { text: 'first request' } },
      { when: { model: 'other' }, reply: { text: 'other model' } },
      { when: { system: 'summarise' }, reply: { text: 'summary' } },
      { when: { lastToolResult: { regex: '^ERR', flags: 'i' } }, reply: { text: 'tool failed' } },
      { when: { lastRole: 'tool', toolResultsSinceUser: 2 }, reply: { text: 'second tool' } },
      { when: { toolResults: { min: 1 } }, reply: { text: 'after a tool' } },
      { when: { userMessages: { min: 2, max: 2 }, lastUser: 'steer' }, reply: { text: 'steered' } },
      { when: { anyUser: 'hello' }, reply: { text: 'hello was said' } },
    );
    await ask(server, [user('x')]);
    expect(await ask(server, [user('x')], { model: 'other' })).toBe('other model');
    expect(await ask(server, [{ role: 'developer', content: 'summarise' }, user('x')])).toBe('summary');
    expect(await ask(server, [user('x'), assistant, tool('err: no')])).toBe('tool failed');
    expect(await ask(server, [user('x'), assistant, tool('a'), assistant, tool('b')])).toBe('second tool');
    expect(await ask(server, [user('x'), assistant, tool('a'), user('y')])).toBe('after a tool');
    expect(
      await ask(server, [
        user('x'),
        assistant,
        user([
          { type: 'text', text: 'please ' },
          { type: 'text', text: 'steer' },
        ]),
      ]),
    ).toBe('steered');
    expect(await ask(server, [user('hello'), assistant, user('x')])).toBe('hello was said');
    expect(await ask(server, [user('x')])).toBe('HTTP 400 no rule of the scenario matches request 9');
  });

  test('fill templates in text and arguments, and never twice', async () => {
    await using server = await serve({
      reply: {
        text: ['{{lastUserText}}|{{model}}|{{requestNumber}}'],
        toolCalls: [{ name: 'write', arguments: { deep: [{ content: '{{laterUserTexts}}' }] } }],
      },
    });
    expect(await ask(server, [user('a'), assistant, user('{{model}}'), user('c{{model}}')])).toBe(
      'c{{model}}|fake-1|1[write {"deep":[{"content":"{{model}}\\nc{{model}}"}]}]',
    );
  });

  test.for<{ name: string; scenario: ScenarioInput }>([
    { name: 'a template that does not exist', scenario: { rules: [{ reply: { text: '{{nope}}' } }] } },
    {
      name: 'a regular expression that does not compile',
      scenario: { rules: [{ when: { lastUser: { regex: '(' } }, reply: {} }] },
    },
    { name: 'a rule that does nothing', scenario: { rules: [{}] } },
    { name: 'no rules', scenario: { rules: [] } },
  ])('refuse $name', ({ scenario }) => {
    expect(() => parseScenario(scenario)).toThrow(/INVALID_ARGUMENT/);
  });
});

describe('writeFileScenario', () => {
  test('thinks in as many chunks as told, writes, sleeps and says that it is done', async () => {
    await using server = await startModelServer({
      scenario: writeFileScenario({ path: 'notes.txt', text: 'hello', steps: 12, stepMs: 1, bashSleepSeconds: 1 }),
    });
    const chunks = await events(await post(server, [user('Write notes.txt')], { stream: true }));
    expect(
      chunks.filter((line) => /"content":"[^"]+"/.test(line.replaceAll('\\"', '')) && !line.includes('tool_calls')),
    ).toHaveLength(12);
    const conversation = [user('Write notes.txt'), assistant, tool('ok')];
    expect(await ask(server, [user('Write notes.txt')])).toContain('[write {"path":"notes.txt","content":"hello\\n"}]');
    expect(await ask(server, conversation)).toBe('[bash {"command":"sleep 1"}]');
    expect(await ask(server, [...conversation, assistant, tool('')])).toBe('Done: notes.txt is written.');
  });

  test('answers each steer and writes all of them into the file', async () => {
    await using server = await startModelServer({
      scenario: writeFileScenario({ path: 'n', text: 'hello', steps: 1, stepMs: 0 }),
    });
    const steered = [user('Write n'), assistant, tool('ok'), user('the sea'), assistant, tool('ok'), user('the hills')];
    expect(await ask(server, steered)).toBe(
      'steered: the hills[write {"path":"n","content":"hello\\nthe sea\\nthe hills\\n"}]',
    );
    expect(await ask(server, [...steered, assistant, tool('ok')])).toBe('Done: n is written.');
  });
});
