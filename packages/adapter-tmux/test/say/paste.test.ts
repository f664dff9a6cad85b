import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Instruction } from '@runtime/contracts';
import type { RuntimeSession, SessionEvent } from '@runtime/contracts/adapter';
import { readExitRecord } from '@runtime/adapter-kit/run';
import { expect, test } from 'vitest';
import type { TmuxOptions } from '../../src/index.ts';
import { Stage, eventually, readAll, recordOf, type Played } from '../support/stage.ts';
import type { TerminalAgentOptions } from '../support/terminal-agent.ts';

const run = promisify(execFile);
const agentFile = fileURLToPath(new URL('../support/terminal-agent.ts', import.meta.url));

type Terminal = Played & { witness: () => Promise<string[]>; raw: string; events: Promise<SessionEvent[]> };

async function open(
  stage: Stage,
  text: string,
  options: Partial<TerminalAgentOptions> = {},
  settings: Partial<TmuxOptions> = {},
): Promise<Terminal> {
  const launch = await stage.launch(text);
  const witness = join(stage.dir, `${launch.handle.runId}.witness`);
  const raw = join(stage.dir, `${launch.handle.runId}.input`);
  const argument = JSON.stringify({ witness, raw, ...options });
  const session = await stage.start(
    { command: [process.execPath, agentFile, argument], prompt: 'paste', ...settings },
    launch,
  );
  const read = async (): Promise<string[]> =>
    (await readFile(witness, 'utf8')).split('\n').flatMap((line) => (line === '' ? [] : [String(JSON.parse(line))]));
  return { launch, session, handle: launch.handle, witness: read, raw, events: readAll(session) };
}

const steer = (text: string): Instruction => ({
  id: `s-${Math.random().toString(36).slice(2)}`,
  mode: 'steer',
  parts: [{ type: 'text', text }],
});

async function leave(session: RuntimeSession, events: Promise<SessionEvent[]>): Promise<SessionEvent[]> {
  await session.stop({ graceMs: 300 });
  return events;
}

const told = (events: readonly SessionEvent[], id: string): string[] =>
  events.flatMap((event) => ('instructionId' in event && event.instructionId === id ? [event.type] : []));

test.concurrent('several lines arrive as one instruction, and that the agent took them is told', async () => {
  await using stage = await Stage.open();
  const text = 'first line\n\tsecond; "quoted" #(touch x) \\;\nlast line é 漢 😀;';
  const { session, launch, witness, events } = await open(stage, text);
  await eventually('it was taken', async () => (await witness()).length === 1);
  expect(await witness()).toEqual([text]);
  await eventually('it was told', async () =>
    (await readFile(join(launch.handle.runDir, 'notes.jsonl'), 'utf8')).includes('accepted'),
  );
  expect(told(await leave(session, events), launch.instruction.id)).toEqual([
    'turn.started',
    'instruction.accepted',
    'instruction.delivered',
  ]);
});

test.concurrent('a paste cannot break out of its brackets, nor can keys hide in it', async () => {
  await using stage = await Stage.open();
  const { session, witness, raw, events } = await open(stage, 'a\x1b[201~\x03\r\x15b\x7f\x9b201~c\x00d');
  await eventually('it was taken', async () => (await witness()).length === 1);
  expect(await witness()).toEqual(['a[201~\nb201~cd']);
  const input = await readFile(raw, 'latin1');
  expect(input.split('\x1b[201~').length - 1, 'ends of a paste').toBe(1);
  expect(input.includes('\x03')).toBe(false);
  await leave(session, events);
});

test.concurrent('Enter that was swallowed is sent again, the text never', async () => {
  await using stage = await Stage.open();
  const { session, launch, witness, raw, events } = await open(stage, 'only once please', {
    deafTo: 1,
    restless: true,
  });
  await eventually('it was taken', async () => (await witness()).length === 1);
  expect((await readFile(raw, 'latin1')).split('only once please').length - 1).toBe(1);
  await eventually('it was told', async () =>
    (await readFile(join(launch.handle.runDir, 'notes.jsonl'), 'utf8')).includes('accepted'),
  );
  await leave(session, events);
});

test.concurrent('an agent that never takes it is not said to have taken it, however busy its screen', async () => {
  await using stage = await Stage.open();
  const { session, launch, witness, raw, events } = await open(stage, 'nobody hears this', {
    deafTo: 99,
    restless: true,
  });
  await eventually('it was told', async () =>
    (await readFile(join(launch.handle.runDir, 'notes.jsonl'), 'utf8')).includes('unknown'),
  );
  expect(await witness()).toEqual([]);
  const input = await readFile(raw, 'latin1');
  expect(input.split('nobody hears this').length - 1, 'times the text was typed').toBe(1);
  expect(input.split('\r').length - 1, 'times Enter was sent').toBe(3);
  expect(told(await leave(session, events), launch.instruction.id)).toEqual(['turn.started', 'instruction.unknown']);
});

test.concurrent('a program without bracketed paste gets the text, and what became of it stays unknown', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('hello there');
  const session = await stage.start({ command: ['bash', '-c', 'echo ready; read -r line; echo "got $line"'] }, launch);
  const events = await readAll(session);
  expect(JSON.stringify(events)).toContain('got hello there');
  expect(told(events, launch.instruction.id)).toContain('instruction.unknown');
});

test.concurrent.each(['copy-mode', 'clock-mode', 'choose-tree'])(
  '%s, in which keys mean other things, is left first',
  async (mode) => {
    await using stage = await Stage.open();
    const { session, handle, witness, events } = await open(stage, 'one');
    await eventually('the first was taken', async () => (await witness()).length === 1);
    const { tmux, socket } = await recordOf(handle);
    await run(tmux, ['-S', socket, mode]);
    expect((await run(tmux, ['-S', socket, 'display-message', '-p', '#{pane_in_mode}'])).stdout.trim()).toBe('1');
    await session.send(steer('two'));
    await eventually('the second was taken', async () => (await witness()).length === 2);
    expect(await witness()).toEqual(['one', 'two']);
    await leave(session, events);
  },
);

test.concurrent('a window that a person opened gets nothing of what is typed', async () => {
  await using stage = await Stage.open();
  const { session, handle, witness, events } = await open(stage, 'one');
  await eventually('the first was taken', async () => (await witness()).length === 1);
  const { tmux, socket } = await recordOf(handle);
  const other = join(stage.dir, 'other');
  await run(tmux, ['-S', socket, 'new-window', `cat >'${other}'`]);
  await session.send(steer('two'));
  await eventually('the second was taken', async () => (await witness()).length === 2);
  expect(await witness()).toEqual(['one', 'two']);
  expect(await readFile(other, 'utf8')).toBe('');
  await leave(session, events);
});

test.concurrent('two writers at once do not mix', async () => {
  await using stage = await Stage.open();
  const { session, witness, events } = await open(stage, 'start');
  const texts = ['A', 'B', 'C', 'D'].map((letter) => `${letter.repeat(300)}\n${letter.repeat(300)}`);
  await Promise.all(texts.map((text) => session.send(steer(text))));
  await eventually('all were taken', async () => (await witness()).length === 5);
  expect(await witness()).toEqual(['start', ...texts]);
  await leave(session, events);
});

test.concurrent('what expired, or was given up, while others were typed is not typed', async () => {
  await using stage = await Stage.open();
  const { session, witness, events } = await open(stage, 'one');
  await eventually('the first was taken', async () => (await witness()).length === 1);
  const giveUp = new AbortController();
  const before = session.send(steer('two'));
  const expired = session.send({ ...steer('too late'), expiresAt: Date.now() + 1 });
  const givenUp = session.send(steer('never mind'), { signal: giveUp.signal });
  giveUp.abort();
  await expect(givenUp).rejects.toMatchObject({ code: 'CANCELLED' });
  await before;
  await expect(expired).rejects.toMatchObject({ code: 'CONFLICT' });
  await session.send(steer('three'));
  await eventually('the last was taken', async () => (await witness()).includes('three'));
  expect(await witness()).toEqual(['one', 'two', 'three']);
  await leave(session, events);
});

test.concurrent('a client that is killed right behind the paste proves nothing: whether it was typed is unknown', async () => {
  await using stage = await Stage.open();
  const tmux = join(stage.dir, 'tmux');
  const armed = join(stage.dir, 'armed');
  const script = `#!/bin/sh\ncase "$*" in *load-buffer*) [ -e '${armed}' ] && { tmux "$@"; kill -9 $$; } ;; esac\nexec tmux "$@"\n`;
  await writeFile(tmux, script, { mode: 0o755 });
  const { session, witness, events } = await open(stage, 'one', {}, { tmux });
  await eventually('the first was taken', async () => (await witness()).length === 1);
  await writeFile(armed, '');
  const two = steer('two');
  await expect(session.send(two)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(told(await leave(session, events), two.id)).toEqual(['instruction.unknown']);
});

test.concurrent('a text of which nothing can be typed is refused as such', async () => {
  await using stage = await Stage.open();
  const { session, witness, events } = await open(stage, 'one');
  await eventually('the first was taken', async () => (await witness()).length === 1);
  await expect(session.send(steer('\x1b'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await leave(session, events);
});

test.concurrent('a paste that comes after the end harms nothing: the server lives, the code is right', async () => {
  await using stage = await Stage.open();
  const { session, handle, events } = await open(stage, '/exit 5');
  await eventually('it has ended', async () => (await readExitRecord(handle.runDir)) !== undefined);
  await expect(session.send(steer('too late'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await events;
  expect(await session.stop()).toEqual({ kind: 'exited', code: 5 });
});

test.concurrent('a socket that somebody removed is made again when it is needed', async () => {
  await using stage = await Stage.open();
  const { session, handle, witness, events } = await open(stage, 'one');
  await eventually('the first was taken', async () => (await witness()).length === 1);
  await rm((await recordOf(handle)).socket);
  await session.send(steer('two'));
  await eventually('the second was taken', async () => (await witness()).length === 2);
  await leave(session, events);
});

test.concurrent('an agent that starts slowly is waited for', async () => {
  await using stage = await Stage.open();
  const { session, witness, events } = await open(stage, 'early bird', { slowMs: 700 });
  await eventually('it was taken', async () => (await witness()).length === 1);
  expect(await witness()).toEqual(['early bird']);
  await leave(session, events);
});
