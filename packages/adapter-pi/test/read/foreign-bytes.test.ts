import type { PiScript, PiSpoil } from '@runtime/conformance/scripted-agent';
import { describe, expect, test } from 'vitest';
import { Stage, type StageOptions } from '../support/stage.ts';

const work: NonNullable<PiScript['rules']> = [
  { steps: [{ text: 'first ' }, { tool: { name: 'bash', args: { command: 'ls' }, result: 'a' } }, { text: 'done' }] },
];

/** One turn with a tool, while bytes of others stick to Pi's records. */
async function played(spoil: readonly PiSpoil[], options: StageOptions = {}) {
  await using stage = await Stage.start({ rules: work, spoil }, options);
  const instruction = await stage.say('Go.');
  const { outcome } = await stage.until('turn.ended');
  return {
    outcome,
    levels: stage.levels(instruction),
    tools: stage.all('tool.ended'),
    texts: stage.all('message.completed').map(({ text }) => text),
    foreign: stage.all('output.quarantined').map(({ sample }) => sample),
  };
}

const escape = '\x1b]0;done\x07';
const succeeded = { status: 'succeeded' };
const everything = {
  outcome: succeeded,
  levels: ['accepted', 'delivered', 'observed'],
  tools: [{ ok: true }],
  texts: ['first ', 'done'],
};

describe('bytes of others at the records of Pi', () => {
  test.each<[string, PiSpoil]>([
    ['an escape sequence before the last one', { record: 'agent_settled', before: escape }],
    ['words before the last one', { record: 'agent_settled', before: 'garbage ' }],
    [
      'words that quote the last one',
      { record: 'tool_execution_start', before: 'tool said: {"type":"agent_settled"}\n' },
    ],
    ['a sequence without an end before the last one', { record: 'agent_settled', before: '\x1b]0;done' }],
    ['NUL bytes before the last one', { record: 'agent_settled', before: '\0\0\0' }],
    ['a byte order mark before the last one', { record: 'agent_settled', before: '\uFEFF' }],
    ['words behind the last one', { record: 'agent_settled', behind: ' and garbage' }],
    ['a sequence within the last one', { record: 'agent_settled', within: '\x1b[2J' }],
    ['a line feed within the last one', { record: 'agent_settled', within: '\n' }],
    ['a line of others within the last one', { record: 'agent_settled', within: '\nwords of others\n' }],
    ['a carriage return behind each response', { record: 'response', behind: '\r' }],
    ['a sequence before each response', { record: 'response', before: escape }],
    ['a sequence before each message_end', { record: 'message_end', before: escape }],
    ['a sequence within each start of a message', { record: 'message_start', within: '\x1b[K' }],
    ['a sequence behind the end of a tool', { record: 'tool_execution_end', behind: escape }],
  ])('%s cost nothing', async (_what, spoil) => {
    expect(await played([spoil])).toMatchObject(everything);
  });

  test('are quarantined, and the record behind them is not', async () => {
    const { foreign } = await played([{ record: 'agent_settled', before: escape }]);
    expect(foreign).toEqual(['\\x1b]0;done\\x07']);
  });

  test.each(['agent_start', 'message_end', 'turn_end', 'agent_end', 'tool_execution_end', 'queue_update'])(
    'may be the next record: %s without its line feed',
    async (record) => {
      expect(await played([{ record, joined: true }])).toMatchObject(everything);
    },
  );

  test('may be the same record again', async () => {
    const twice = ['agent_start', 'message_start', 'message_end', 'turn_end', 'agent_end', 'agent_settled'].concat([
      'tool_execution_start',
      'tool_execution_end',
    ]);
    const found = await played(twice.map((record) => ({ record, times: 2 })));
    expect(found).toMatchObject({ outcome: succeeded, tools: [{ ok: true }], texts: ['first ', 'done'] });
  });
});

describe('a record that is lost', () => {
  const versions = ['0.73', '0.87', '1.5'] as const;

  test.each(versions)('does not keep a turn of Pi %s from ending', async (version) => {
    const found = await played(
      [{ record: version === '0.73' ? 'agent_end' : 'agent_settled', before: '{"type":"x","a":[' }],
      {
        version,
      },
    );
    expect(found).toMatchObject({ outcome: succeeded, texts: ['first ', 'done'] });
  });

  test('without a trace, when it is the last one, does not either', async () => {
    expect(await played([{ record: 'agent_settled', lost: true }])).toMatchObject(everything);
  });

  test('does not, although the end of the run is spoiled too', async () => {
    const before = '{"type":"x","a":[';
    const found = await played([
      { record: 'agent_end', before },
      { record: 'agent_settled', before },
    ]);
    expect(found).toMatchObject({ outcome: succeeded, texts: ['first ', 'done'] });
  });

  test('is looked up in the records that repeat it: the end of a message, the end of a tool', async () => {
    const before = '{"type":"x","a":[';
    const ends = await played([{ record: 'message_end', before }]);
    expect(ends).toMatchObject({ outcome: succeeded, texts: ['first ', 'done'] });
    const starts = await played([{ record: 'message_start', before }]);
    expect(starts).toMatchObject({ outcome: succeeded, texts: ['first ', 'done'] });
    const tool = await played([{ record: 'tool_execution_end', before }]);
    expect(tool).toMatchObject({ outcome: succeeded, tools: [{ ok: true, output: 'a' }] });
  });

  test('leaves a tool unknown, not failed, when nothing repeats it', async () => {
    const before = '{"type":"x","a":[';
    const { tools, outcome } = await played([
      { record: 'tool_execution_end', before },
      { record: 'message_start', before },
      { record: 'message_end', before },
      { record: 'turn_end', before },
    ]);
    expect(tools).toHaveLength(1);
    expect(tools[0]).not.toHaveProperty('ok');
    expect(outcome).toMatchObject({ status: 'failed', code: 'unknown' });
  });

  test('leaves a tool unknown when what it lost was whether it failed', async () => {
    const { tools } = await played([
      { record: 'tool_execution_end', fields: { isError: 'no' } },
      { record: 'message_end', lost: true },
    ]);
    expect(tools[0]).not.toHaveProperty('ok');
  });

  test('and was the answer to a prompt leaves the next one free to be sent', async () => {
    const spoil = [{ record: 'response', command: 'prompt', nth: 1, before: '{"type":"x","a":[' }];
    await using stage = await Stage.start({ rules: work, spoil });
    const first = await stage.say('Go.');
    await stage.until('turn.ended');
    await stage.until('instruction.delivered');
    expect(stage.levels(first)).toEqual(['accepted', 'delivered']);
    const second = await stage.say('Go on.');
    await stage.until('turn.ended', 2);
    expect(stage.levels(second)).toEqual(['accepted', 'delivered', 'observed']);
  });
});

test('texts of the agent that look like records are texts, whatever sticks to them', async () => {
  const record = '{"type":"agent_settled"}';
  const args = { type: 'agent_settled', command: record, list: [{ type: 'agent_end' }, { type: 'agent_settled' }] };
  const rules = [{ steps: [{ text: [record, `\n${record}\n`] }, { tool: { name: 'bash', args } }, { text: 'done' }] }];
  const sticks = (record: string): PiSpoil[] => [
    { record, nth: 1, before: '\x1b[2J' },
    { record, within: '\x1b[2J' },
  ];
  const records = ['message_update', 'message_end', 'tool_execution_start', 'turn_end', 'agent_end'];
  await using stage = await Stage.start({ rules, spoil: records.flatMap(sticks) });
  await stage.say('Go.');
  await expect(stage.until('turn.ended')).resolves.toMatchObject({ outcome: succeeded });
  expect(stage.all('turn.ended')).toHaveLength(1);
  expect(stage.all('message.completed').at(-1)?.text).toBe('done');
});
