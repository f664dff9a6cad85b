import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeSession, SessionEvent } from '@runtime/contracts/adapter';
import { expect, onTestFinished, test } from 'vitest';
import { makeHandle, makeInstruction, makeLaunch } from '../../src/adapter/index.ts';
import { memoryRunLives, memoryRuntime, type MemoryRuntimeOptions } from '../../src/memory-runtime/index.ts';

async function prepare(options: MemoryRuntimeOptions) {
  const dir = await mkdtemp(join(tmpdir(), 'memory-runtime-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const adapter = memoryRuntime({ capabilities: { firstInstruction: 'launch' }, ...options });
  const launch = await makeLaunch(dir, await makeHandle(dir));
  return { adapter, launch, start: () => adapter.start(launch) };
}

/** Everything up to the end of the first turn. */
async function firstTurn(session: RuntimeSession): Promise<SessionEvent[]> {
  const turn: SessionEvent[] = [];
  for await (const { events } of session.events()) {
    turn.push(...events);
    if (events.some((event) => event.type === 'turn.ended')) return turn;
  }
  return turn;
}

const typesOf = (events: readonly SessionEvent[]): string[] => events.map((event) => event.type);
const outcomeOf = (events: readonly SessionEvent[]) => events.find((event) => event.type === 'turn.ended')?.outcome;

test('a script is a list of steps, and each reports what it does', async () => {
  const { start, launch } = await prepare({
    script: () => [
      { do: 'think', text: 'hm' },
      {
        do: 'tool',
        name: 'write',
        input: { path: 'a/b.txt' },
        steps: [{ do: 'write', path: 'a/b.txt', text: 'written' }],
      },
      { do: 'say', text: ['all ', 'done'] },
    ],
  });
  const events = await firstTurn(await start());
  const types =
    'session.opened instruction.accepted turn.started instruction.delivered reasoning.delta tool.started tool.ended text.delta text.delta instruction.observed message.completed turn.ended';
  expect(typesOf(events)).toEqual(types.split(' '));
  expect(await readFile(join(launch.workspace, 'a/b.txt'), 'utf8')).toBe('written');
});

test('a generator may look at what has happened between its steps', async () => {
  const { start } = await prepare({
    script: async function* ({ history }) {
      yield { do: 'listen' };
      yield { do: 'say', text: 'yes?' };
      yield { do: 'say', text: history.map(({ from, text }) => `${from}: ${text}`).join('; ') };
    },
  });
  const session = await start();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await session.send(makeInstruction('hurry', { mode: 'steer' }));
  const texts = (await firstTurn(session)).flatMap((event) => (event.type === 'message.completed' ? [event.text] : []));
  expect(texts[1]).toBe('user: Do what the scenario says.; user: hurry; agent: yes?');
});

test('a turn ends with the outcome that the script gives it', async () => {
  const { start } = await prepare({ script: () => [{ do: 'end', outcome: { status: 'failed', code: 'refusal' } }] });
  expect(outcomeOf(await firstTurn(await start()))).toEqual({ status: 'failed', code: 'refusal' });
});

test('a script that throws is an agent that crashes', async () => {
  const { start } = await prepare({
    script: function* () {
      yield { do: 'say', text: 'well' };
      throw new Error('a bug');
    },
  });
  const session = await start();
  expect(outcomeOf(await firstTurn(session))).toMatchObject({ status: 'failed', code: 'exit_code' });
  expect(await session.stop()).toEqual({ kind: 'exited', code: 1 });
});

test('an interrupt gets past a script that waits for something of its own', async () => {
  const { start } = await prepare({
    script: async function* () {
      await new Promise(() => {});
      yield { do: 'say', text: 'never' };
    },
  });
  const session = await start();
  const events = firstTurn(session);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await session.interrupt();
  expect(outcomeOf(await events)).toEqual({ status: 'cancelled' });
});

test('a start fails as often as its fault says, and then works', async () => {
  const { adapter, launch } = await prepare({ faults: { start: { code: 'UNAVAILABLE', times: 2, hint: 'wait' } } });
  await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'UNAVAILABLE', hint: 'wait' });
  await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(adapter.start(launch)).resolves.toBeDefined();
});

test('a start that fails afterwards has used the handle and leaves nothing alive', async () => {
  const { adapter, launch } = await prepare({ faults: { start: { code: 'UNAVAILABLE', afterwards: true } } });
  await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(memoryRunLives(launch.handle)).toBe(false);
  await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a sending that fails afterwards has arrived all the same', async () => {
  const { start } = await prepare({
    script: () => [{ do: 'listen' }, { do: 'say', text: 'heard' }],
    faults: { send: { code: 'OUTCOME_UNKNOWN', afterwards: true } },
  });
  const session = await start();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const steer = makeInstruction('hurry', { mode: 'steer' });
  await expect(session.send(steer)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  const events = await firstTurn(session);
  expect(events).toContainEqual({ type: 'instruction.observed', instructionId: steer.id });
});

test('an unavailable runtime gives the reason', async () => {
  const adapter = memoryRuntime({
    id: 'gone',
    unavailable: { code: 'UNAUTHENTICATED', reason: 'no key', hint: 'log in' },
  });
  expect(await adapter.probe()).toEqual({
    status: 'unavailable',
    id: 'gone',
    code: 'UNAUTHENTICATED',
    reason: 'no key',
    hint: 'log in',
  });
});

test('an expired instruction is CONFLICT', async () => {
  const { start } = await prepare({ script: () => [{ do: 'hang' }] });
  const session = await start();
  const late = makeInstruction('too late', { mode: 'followUp', expiresAt: 1 });
  await expect(session.send(late)).rejects.toMatchObject({ code: 'CONFLICT' });
  await session.stop();
});
