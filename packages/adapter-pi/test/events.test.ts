import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeHandle } from '@runtime/conformance/adapter';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { afterEach, expect, test } from 'vitest';
import { piEvents } from '../src/events.ts';
import { PiOutput } from '../src/read/pi-output.ts';

const dirs: string[] = [];
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

/** What a run that has ended left in its stdout.log, as events. */
async function eventsOf(secrets: string[], ...parts: readonly (string | Buffer)[]): Promise<SessionEvent[]> {
  const dir = await mkdtemp(join(tmpdir(), 'adapter-pi-'));
  dirs.push(dir);
  const handle = await makeHandle(dir);
  const file = await open(join(handle.runDir, 'stdout.log'), 'w');
  for (const part of parts) await file.write(typeof part === 'string' ? Buffer.from(part) : part);
  await file.close();
  const events: SessionEvent[] = [];
  const output = new PiOutput(handle, { secrets });
  const { signal } = new AbortController();
  for await (const batch of piEvents(handle, output.relay, { after: undefined, secrets, signal })) {
    events.push(...batch.events);
  }
  await output.close();
  return events;
}

const start = '{"type":"agent_start"}\n{"type":"message_start","message":{"role":"assistant","content":[]}}\n';
const say = (delta: string): string =>
  `${JSON.stringify({ type: 'message_update', assistantMessageEvent: { type: 'text_delta', contentIndex: 0, delta } })}\n`;
const end =
  '{"type":"message_end","message":{"role":"assistant","content":[],"stopReason":"stop"}}\n{"type":"agent_settled"}\n';
const text = (events: readonly SessionEvent[]): string =>
  events.flatMap((event) => (event.type === 'text.delta' ? [event.text] : [])).join('');

test('a line of 40 MB is quarantined with its size and a sample, and the next line is translated', async () => {
  const huge = Buffer.alloc(40 * 1024 * 1024, 'x');
  const events = await eventsOf([], start, say('before'), huge, '\n', say(' after'), end);
  const [aside, ...others] = events.filter((event) => event.type === 'output.quarantined');
  expect(others).toEqual([]);
  expect(aside).toMatchObject({ source: 'stdout', bytes: huge.length });
  expect(aside?.sample.length).toBeLessThanOrEqual(4096);
  expect(text(events)).toBe('before after');
  expect(events.at(-1)).toMatchObject({ type: 'turn.ended', outcome: { status: 'succeeded' } });
});

test('echoes of a prompt may be longer than the longest line that is kept, without a loss', async () => {
  const prompt = Buffer.alloc(17 * 1024 * 1024, 'p');
  const echo = (type: string): string =>
    `{"type":"${type}","message":{"role":"user","content":[{"type":"text","text":"`;
  const before = '{"id":"ins-1","type":"response","command":"prompt","success":true}\n{"type":"agent_start"}\n';
  const echoes = [echo('message_start'), prompt, '"}]}}\n', echo('message_end'), prompt, '"}]}}\n'];
  const [completed = ''] = end.split('\n');
  const answer = [
    '{"type":"message_start","message":{"role":"assistant","content":[]}}\n',
    say('read it'),
    completed,
    '\n',
  ];
  const agentEnd = ['{"type":"agent_end","messages":[{"role":"user","content":"', prompt, '"}],"willRetry":false}\n'];
  const events = await eventsOf([], before, ...echoes, ...answer, ...agentEnd, '{"type":"agent_settled"}\n');
  expect(events.map((event) => event.type)).toEqual([
    'instruction.accepted',
    'turn.started',
    'instruction.delivered',
    'instruction.observed',
    'text.delta',
    'message.completed',
    'turn.ended',
  ]);
});

test('line separators of Unicode do not end a line, and a null is not a record', async () => {
  const events = await eventsOf([], start, say('a\u2028b\u2029c'), 'null\n', '\n', '[]\n', say('\ud83d'), end);
  expect(text(events)).toContain('a\u2028b\u2029c');
  expect(events.filter((event) => event.type === 'output.quarantined')).toHaveLength(2);
});

test('a torn last line is quarantined, and the open turn is closed without an invented exit', async () => {
  const events = await eventsOf([], start, say('half'), '{"type":"message_upd');
  expect(events.map((event) => event.type).slice(-3)).toEqual([
    'output.quarantined',
    'message.discarded',
    'turn.ended',
  ]);
  expect(events.at(-1)).toMatchObject({ outcome: { status: 'failed', code: 'crashed' } });
});

test('secrets are in no event: not in a delta, a tool, a dialog or a sample', async () => {
  const secret = 'tok-11-aa-22-bb';
  const tool = JSON.stringify({
    type: 'tool_execution_start',
    toolCallId: 'c',
    toolName: 'bash',
    args: { command: `echo ${secret}` },
  });
  const ask = JSON.stringify({ type: 'extension_ui_request', id: 'd', method: 'input', title: `Is it ${secret}?` });
  const events = await eventsOf(
    [secret],
    start,
    say(`token=${secret.slice(0, 7)}`),
    say(secret.slice(7)),
    `${tool}\n${ask}\nbad ${secret}\n`,
    end,
  );
  expect(JSON.stringify(events)).not.toContain(secret);
  expect(events.map((event) => event.type)).toEqual(
    expect.arrayContaining(['tool.started', 'approval.requested', 'output.quarantined']),
  );
});

test('no part of a secret is in the sample of a record that Pi wrote wrongly, wherever the sample is cut', async () => {
  const secret = 'tök-11-aa-22-bb';
  const records = Array.from({ length: 30 }, (_, more) =>
    JSON.stringify({ type: 'tool_execution_start', pad: 'x'.repeat(930 + more), args: secret }),
  );
  const events = await eventsOf([secret], `${records.join('\n')}\n`);
  expect(events.filter((event) => event.type === 'output.quarantined')).toHaveLength(records.length);
  expect(JSON.stringify(events)).not.toContain('k-1');
});
