import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { expect, test } from 'vitest';
import { tmux } from '../src/index.ts';
import { appendNote } from '../src/notes.ts';
import { settingsOf } from '../src/options.ts';
import { beginRun } from '../src/start.ts';
import { Stage, countAll, eventually, readAll, readNow, shown } from './support/stage.ts';

const agentFile = fileURLToPath(new URL('./support/terminal-agent.ts', import.meta.url));

/** A run whose owner died after the agent had begun and before it was spoken to. */
async function unspoken(stage: Stage) {
  const launch = await stage.launch('the first words');
  const witness = join(stage.dir, 'witness');
  const options = {
    command: [process.execPath, agentFile, JSON.stringify({ witness })],
    prompt: 'paste' as const,
  };
  const adapter = stage.adapter(options, launch);
  await beginRun(settingsOf(options), launch, {});
  const taken = async (): Promise<string> => readFile(witness, 'utf8').catch(() => '');
  return { launch, adapter, taken };
}

test('an instruction that its owner had not begun to type is typed by the next one', async () => {
  await using stage = await Stage.open();
  const { launch, adapter, taken } = await unspoken(stage);
  const found = await adapter.recover(launch.handle);
  if (found.status !== 'live') throw new Error(found.status);
  const reading = readAll(found.session);
  await eventually('it was taken', async () => (await taken()) === '"the first words"\n');
  await found.session.stop({ graceMs: 300 });
  expect((await reading).map(({ type }) => type)).toContain('turn.ended');
});

test('one that its owner had begun to type is unknown, and is not typed again', async () => {
  await using stage = await Stage.open();
  const { launch, adapter, taken } = await unspoken(stage);
  await appendNote(launch.handle.runDir, { kind: 'typing', instructionId: launch.instruction.id });
  const found = await adapter.recover(launch.handle);
  if (found.status !== 'live') throw new Error(found.status);
  await found.session.stop({ graceMs: 300 });
  const events = await readAll(found.session);
  expect(events).toContainEqual({
    type: 'instruction.unknown',
    instructionId: launch.instruction.id,
    reason: 'The owner died while this instruction was typed',
  });
  expect(await taken()).toBe('');
});

test('no turn has begun in a run whose first instruction was not typed to its end', async () => {
  await using stage = await Stage.open();
  const { launch, adapter } = await unspoken(stage);
  await appendNote(launch.handle.runDir, { kind: 'typing', instructionId: launch.instruction.id });
  const found = await adapter.recover(launch.handle);
  if (found.status !== 'live') throw new Error(found.status);
  await found.session.stop({ graceMs: 300 });
  const types = (await readAll(found.session)).map(({ type }) => type);
  expect(types).toContain('instruction.unknown');
  expect(types.filter((type) => type.startsWith('turn.'))).toEqual([]);
});

test('the turn begins once the first instruction was typed, under whichever owner, and is the same at every reading', async () => {
  await using stage = await Stage.open();
  const { launch, adapter, taken } = await unspoken(stage);
  const first = await adapter.recover(launch.handle);
  if (first.status !== 'live') throw new Error(first.status);
  const before = await readNow(first.session);
  expect(before.map(({ type }) => type)).not.toContain('turn.started');
  await eventually('it was taken', async () => (await taken()) !== '');
  await first.session[Symbol.asyncDispose]();
  const second = await adapter.recover(launch.handle);
  if (second.status !== 'live') throw new Error(second.status);
  await second.session.stop({ graceMs: 300 });
  const turns = (events: readonly SessionEvent[]) => events.filter(({ type }) => type.startsWith('turn.'));
  const all = turns(await readAll(second.session));
  expect(all.map(({ type }) => type)).toEqual(['turn.started', 'turn.ended']);
  const third = await adapter.recover(launch.handle);
  if (third.status !== 'ended') throw new Error(third.status);
  expect(turns(await readAll(third.session))).toEqual(all);
});

test('an instruction that an earlier owner began to type is not typed when it is sent again', async () => {
  await using stage = await Stage.open();
  const { launch, adapter, taken } = await unspoken(stage);
  const found = await adapter.recover(launch.handle);
  if (found.status !== 'live') throw new Error(found.status);
  await eventually('it was taken', async () => (await taken()) !== '');
  const id = 'steer-of-a-dead-owner';
  await appendNote(launch.handle.runDir, { kind: 'typing', instructionId: id });
  await found.session[Symbol.asyncDispose]();
  const next = await adapter.recover(launch.handle);
  if (next.status !== 'live') throw new Error(next.status);
  await next.session.send({ id, mode: 'steer', parts: [{ type: 'text', text: 'twice' }] });
  await next.session.send({ id: 'another', mode: 'steer', parts: [{ type: 'text', text: 'once' }] });
  await eventually('the other was taken', async () => (await taken()).includes('once'));
  expect(await taken()).not.toContain('twice');
  await next.session.stop({ graceMs: 300 });
});

test('a session that is let go does not wait for an agent that is not ready, and notes nothing of it', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('the first words');
  const witness = join(stage.dir, 'witness');
  const options = {
    command: [process.execPath, agentFile, JSON.stringify({ witness })],
    prompt: 'paste' as const,
    readyPattern: 'never shown',
    readyTimeoutMs: 600_000,
  };
  await beginRun(settingsOf(options), launch, {});
  const found = await stage.adapter(options, launch).recover(launch.handle);
  if (found.status !== 'live') throw new Error(found.status);
  await readNow(found.session);
  await found.session[Symbol.asyncDispose]();
  expect(await readFile(join(launch.handle.runDir, 'notes.jsonl'), 'utf8').catch(() => '')).not.toContain('declined');
});

test('a reading that does not follow ends where the terminal stands, and leaves it alone', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('echo said; sleep 600');
  await eventually('it was shown', async () => shown(await readNow(session)).includes('said'));
  expect((await readNow(session)).map(({ type }) => type)).not.toContain('turn.ended');
  expect(await countAll(handle)).toBeGreaterThan(0);
  await session.stop({ graceMs: 300 });
});

test('a note that was torn by the death of its writer harms nobody', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('echo said');
  await writeFile(join(handle.runDir, 'notes.jsonl'), '{"kind":"event","event":{"type":"instruc', { flag: 'a' });
  expect((await readAll(session)).map(({ type }) => type)).toEqual([
    'instruction.accepted',
    'turn.started',
    'instruction.delivered',
    'output.delta',
    'turn.ended',
  ]);
});

test('a note that follows a torn one is kept: what was begun to be typed is not typed again', async () => {
  await using stage = await Stage.open();
  const { launch, adapter, taken } = await unspoken(stage);
  const { runDir } = launch.handle;
  await writeFile(join(runDir, 'notes.jsonl'), '{"kind":"event","event":{"type":"instruc', { flag: 'a' });
  await appendNote(runDir, { kind: 'typing', instructionId: launch.instruction.id });
  const found = await adapter.recover(launch.handle);
  if (found.status !== 'live') throw new Error(found.status);
  await found.session.stop({ graceMs: 300 });
  expect((await readAll(found.session)).map(({ type }) => type)).toContain('instruction.unknown');
  expect(await taken()).toBe('');
});

test('a run directory of something else is not taken for ours', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('exit 0');
  await readAll(session);
  await writeFile(join(handle.runDir, 'tmux.json'), '{"version":1,"socket":"/tmp/x"}');
  expect((await tmux({ command: ['true'] }).recover(handle)).status).toBe('unknowable');
});

test('a run of another runtime is refused, and not even looked at', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('go');
  const other = tmux({ command: ['cat', '{prompt}'], id: 'other' });
  await expect(other.start(launch)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(other.recover(launch.handle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(await readdir(launch.handle.runDir)).toEqual([]);
});
