import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PiScript, PiVersion } from '../../src/scripted-agent/index.ts';
import { type PiClient, startPi } from '../support/pi-client.ts';
import { signature } from '../support/signature.ts';

/** The commands of a recording and a script that makes the double answer as the model server did. */
interface Recording {
  readonly script: PiScript;
  readonly drive: (pi: PiClient, runEnd: () => Promise<unknown>) => Promise<unknown>;
}

const prompt = { id: 'ins-1', type: 'prompt', message: 'Do it' };
const bash = (updates: string[]) => ({ name: 'bash', args: { command: 'echo' }, updates, childSleepMs: 20 });
const sleeping = { tool: { name: 'bash', args: {}, updates: ['started\n'], childSleepMs: 30_000 } };
const write = { tool: { name: 'write', args: { path: 'notes.txt', content: 'hello\n' } } };
const isDialog = (record: Record<string, unknown>): boolean => record['type'] === 'extension_ui_request';
const isDelta = (record: Record<string, unknown>): boolean => record['type'] === 'message_update';

const recordings: Readonly<Record<string, Recording>> = {
  hello: {
    script: { rules: [{ steps: [{ text: ['Hello ', 'there'] }] }] },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await runEnd();
      await pi.call({ id: '1.2', type: 'get_entries' });
      await pi.call({ id: '1.3', type: 'get_session_stats' });
    },
  },
  'tool-write': {
    script: {
      rules: [
        { steps: [{ reasoning: 'Hm.' }, { text: 'I will.' }, write, { tool: bash(['a', 'b']) }, { text: 'Done.' }] },
      ],
    },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await runEnd();
      await pi.call({ id: '1.2', type: 'get_entries' });
    },
  },
  'steer-mid-run': {
    script: {
      rules: [
        { when: { mode: 'prompt' }, steps: [{ text: Array.from({ length: 12 }, () => 'word '), delayMs: 25 }, write] },
        { when: { mode: 'steer' }, steps: [{ text: 'steered' }, write, { text: 'Done.' }] },
        { when: { mode: 'followUp' }, steps: [{ text: 'followed' }, write, { text: 'Done.' }] },
      ],
    },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await pi.until(isDelta);
      await pi.call({ id: 'ins-2', type: 'prompt', message: 'a', streamingBehavior: 'steer' });
      await pi.call({ id: 'ins-3', type: 'prompt', message: 'b', streamingBehavior: 'followUp' });
      await runEnd();
      await pi.call({ id: '1.2', type: 'get_entries' });
    },
  },
  'abort-in-tool': {
    script: { rules: [{ steps: [{ text: 'Sleeping.' }, sleeping] }] },
    drive: async (pi) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await pi.untilType('tool_execution_update');
      await pi.call({ id: 'ins-2', type: 'prompt', message: 'left over', streamingBehavior: 'steer' });
      await pi.call({ id: '1.2', type: 'clear_queue' });
      await pi.call({ id: '1.3', type: 'abort' });
      await pi.call({ id: '1.4', type: 'get_state' });
    },
  },
  'abort-queued': {
    script: { rules: [{ when: { mode: 'prompt' }, steps: [{ text: 'Sleeping.' }, sleeping] }] },
    drive: async (pi) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await pi.untilType('tool_execution_update');
      await pi.call({ id: 's', type: 'steer', message: 'st1' });
      await pi.call({ id: 's2', type: 'steer', message: 'st2' });
      await pi.call({ id: 'f', type: 'follow_up', message: 'fo' });
      await pi.call({ id: '1.3', type: 'abort' });
      await pi.call({ id: '1.4', type: 'get_state' });
    },
  },
  'abort-in-text': {
    script: { rules: [{ steps: [{ text: Array.from({ length: 200 }, () => 'a '), delayMs: 50 }] }] },
    drive: async (pi) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await pi.until(isDelta);
      await pi.call({ id: 'ins-2', type: 'prompt', message: 'stays', streamingBehavior: 'steer' });
      await pi.call({ id: '1.2', type: 'abort' });
      await pi.call({ id: '1.3', type: 'get_state' });
    },
  },
  'retry-429': {
    script: {
      // The question after the first failure must arrive within the delay, also on a busy machine.
      rules: [{ steps: [{ text: 'Half ' }, { retry: { times: 2, delayMs: 1500 } }, { text: ['Third ', 'time.'] }] }],
    },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await pi.untilType('auto_retry_start');
      await pi.call({ id: '1.2', type: 'get_state' });
      await runEnd();
    },
  },
  'retry-abort': {
    script: { rules: [{ steps: [{ retry: { times: 9, delayMs: 10_000 } }] }] },
    drive: async (pi) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await pi.untilType('auto_retry_start');
      await pi.call({ id: '1.3', type: 'abort' });
      await pi.call({ id: '1.4', type: 'get_state' });
    },
  },
  'retry-exhausted': {
    script: { rules: [{ steps: [{ retry: { times: 9, delayMs: 5 } }] }] },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call(prompt);
      await runEnd();
    },
  },
  'retry-abort-in-call': {
    script: { rules: [{ steps: [{ retry: { times: 1, delayMs: 5 } }, { text: 'a ' }, { hang: true }] }] },
    drive: async (pi) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call({ ...prompt, id: 'p1' });
      await pi.until(isDelta);
      await pi.call({ id: 'a1', type: 'abort' });
      await pi.call({ id: '1.9', type: 'get_state' });
    },
  },
  'retry-then-400': {
    script: { rules: [{ steps: [{ retry: { times: 1, delayMs: 5 } }, { error: '400: bad' }] }] },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call({ ...prompt, id: 'p1' });
      await runEnd();
      await pi.call({ id: '1.9', type: 'get_state' });
    },
  },
  dialog: {
    script: {
      rules: [
        {
          steps: [
            { text: 'Running.' },
            { tool: { name: 'bash', updates: ['hi'], dialog: { method: 'confirm', title: 'Allow?' } } },
            { text: 'Finished.' },
          ],
        },
      ],
    },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      for (const [id, confirmed] of [
        ['ins-1', true],
        ['ins-2', false],
      ] as const) {
        await pi.call({ ...prompt, id });
        const dialog = await pi.until(isDialog);
        pi.send({ type: 'extension_ui_response', id: dialog['id'], confirmed });
        await runEnd();
      }
    },
  },
  'double-prompt': {
    script: { rules: [{ steps: [{ text: ['Reply ', 'to ', 'one'], delayMs: 500 }] }] },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      pi.send({ ...prompt, id: 'p1' }, { ...prompt, id: 'p2', message: 'two' });
      await pi.until(isDelta);
      await pi.call({ id: '1.2', type: 'get_state' });
      await runEnd();
      const messages = await pi.call({ id: '1.3', type: 'get_messages' });
      expect(JSON.stringify(messages)).not.toContain('two');
    },
  },
  'prompt-abort': {
    script: { rules: [{ steps: [{ text: ['Reply ', 'to ', 'it'], delayMs: 20 }] }] },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      pi.send({ ...prompt, id: 'p1' }, { id: 'a1', type: 'abort' });
      await runEnd();
      pi.send({ ...prompt, id: 'p2' }, { id: 'n1', type: 'new_session' });
      await pi.until((record) => record['id'] === 'n1');
      // Time for a run that must not come.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await pi.call({ id: '1.3', type: 'get_state' });
    },
  },
  'idle-steer': {
    script: { rules: [{ when: { mode: 'prompt' }, steps: [] }] },
    drive: async (pi, runEnd) => {
      await pi.call({ id: '1.1', type: 'get_state' });
      await pi.call({ id: 's1', type: 'steer', message: 'one' });
      await pi.call({ id: 's2', type: 'steer', message: 'two' });
      await pi.call({ id: 'f1', type: 'follow_up', message: 'three' });
      await pi.call({ id: '1.2', type: 'get_state' });
      await pi.call({ ...prompt, id: 'p1' });
      await runEnd();
      await pi.call({ id: '1.3', type: 'get_state' });
    },
  },
};

const versions: readonly PiVersion[] = ['0.73', '0.87', '1.5'];
const cases = versions.flatMap((version) =>
  Object.entries(recordings).flatMap(([name, recording]) => {
    const file = new URL(`../fixtures/pi-${version}/${name}.order`, import.meta.url);
    return existsSync(file)
      ? [{ version, name, recording, recorded: readFileSync(file, 'utf8').trim().split('\n') }]
      : [];
  }),
);

test.concurrent.for(cases)(
  'pi-agent like $version writes what Pi wrote in the recording $name',
  async ({ version, recording, recorded }) => {
    await using pi = await startPi({ version, script: recording.script });
    // Without agent_settled a run ends at the agent_end that nothing follows: the script shows which one that is.
    const runEnd = (): Promise<unknown> => pi.untilType(version === '0.73' ? 'agent_end' : 'agent_settled');
    await recording.drive(
      pi,
      version !== '0.73' && recording === recordings['double-prompt']
        ? async () => pi.untilType('agent_settled')
        : runEnd,
    );
    expect(signature(pi.records())).toEqual(recorded);
  },
);

test('every release has its recordings', () => {
  expect(cases.length).toBeGreaterThanOrEqual(38);
});
