import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tmux } from '../src/index.ts';
import { appendNote } from '../src/notes.ts';
import { settingsOf } from '../src/options.ts';
import { beginRun } from '../src/start.ts';
import { Stage, eventually, readAll } from './support/stage.ts';

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
