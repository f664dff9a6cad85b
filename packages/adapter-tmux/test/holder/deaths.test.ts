import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isAlive } from '@runtime/adapter-kit/process';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { expect, test } from 'vitest';
import { tmux } from '../../src/index.ts';
import { readTmuxHolder, type TmuxHolder } from '../../src/run-files.ts';
import { Stage, countAll, eventually, readAll, shown, type Played, recordOf } from '../support/stage.ts';

const run = promisify(execFile);

/** An agent with a child that hears no hangup and has a session of its own. */
const stubborn = `trap '' HUP; setsid bash -c "trap '' HUP TERM; sleep 600" & echo up; sleep 600`;

async function begun(
  stage: Stage,
  script = stubborn,
): Promise<Played & { holder: TmuxHolder; events: Promise<SessionEvent[]> }> {
  const played = await stage.bash(script);
  const events = readAll(played.session);
  await eventually('it is up', async () =>
    (await readFile(join(played.handle.runDir, 'out.raw'), 'utf8')).includes('up'),
  );
  const holder = await readTmuxHolder(played.handle.runDir);
  if (!holder) throw new Error('there is no holder');
  return { ...played, holder, events };
}

function lastOutcome(events: readonly SessionEvent[]): unknown {
  const last = events.at(-1);
  return last?.type === 'turn.ended' ? last.outcome.status : undefined;
}

test.concurrent('a server killed with SIGKILL is noticed: its agent is ended, the run is lost, others go on', async () => {
  await using stage = await Stage.open();
  const other = await begun(stage);
  const { handle, holder, session, events } = await begun(stage);
  process.kill(holder.server.pid, 'SIGKILL');
  const told = await events;
  expect(lastOutcome(told)).toBe('lost');
  expect(shown(told)).toBe('up\n');
  expect(await countAll(handle)).toBe(0);
  expect((await session.stop()).kind).toBe('unknown');
  expect((await tmux({ command: ['true'] }).recover(handle)).status).toBe('dead');
  expect(await countAll(other.handle)).toBeGreaterThan(3);
});

test.concurrent('a server that died while no owner lived is found by recovery, and its agent ended', async () => {
  await using stage = await Stage.open();
  const { handle, holder, session } = await begun(stage);
  await session[Symbol.asyncDispose]();
  process.kill(holder.server.pid, 'SIGKILL');
  await eventually('the server is gone', async () => !(await isAlive(holder.server)));
  expect((await tmux({ command: ['true'] }).recover(handle)).status).toBe('dead');
  expect(await countAll(handle)).toBe(0);
});

test.concurrent('a holder killed with SIGKILL takes its agent along, and no exit code is invented', async () => {
  await using stage = await Stage.open();
  const { handle, holder, session, events } = await begun(stage);
  process.kill(holder.holder.pid, 'SIGKILL');
  expect(lastOutcome(await events)).toBe('lost');
  expect((await session.stop()).kind).toBe('unknown');
  expect(await countAll(handle)).toBe(0);
});

test.concurrent('a window that a person killed takes its agent along, though the server lives for another one', async () => {
  await using stage = await Stage.open();
  const { handle, session, events } = await begun(stage);
  const { tmux: file, socket } = await recordOf(handle);
  await run(file, ['-S', socket, 'new-window', ';', 'kill-window', '-t', '%0']);
  expect(lastOutcome(await events)).toBe('lost');
  expect((await session.stop()).kind).toBe('unknown');
  expect(await countAll(handle)).toBe(0);
});

test.concurrent('an agent killed with SIGKILL ended by that signal', async () => {
  await using stage = await Stage.open();
  const { holder, session, events } = await begun(stage, 'echo up; sleep 600');
  process.kill(holder.agent.pid, 'SIGKILL');
  expect(lastOutcome(await events)).toBe('failed');
  expect(await session.stop()).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
});

test.concurrent.each([
  ['SEGV', 'crashed'],
  ['KILL', 'killed'],
  ['USR1', 'killed'],
])('an agent that ended by SIG%s was %s', async (signal, code) => {
  await using stage = await Stage.open();
  const { session } = await stage.bash(`kill -${signal} $$; sleep 600`);
  expect((await readAll(session)).at(-1)).toMatchObject({ type: 'turn.ended', outcome: { status: 'failed', code } });
});

test.concurrent('a stopped server blocks nobody: the run can be ended, and its exit is seen', async () => {
  await using stage = await Stage.open();
  const { handle, holder, session, events } = await begun(stage, 'echo up; sleep 600');
  process.kill(holder.server.pid, 'SIGSTOP');
  let ticks = 0;
  const clock = setInterval(() => (ticks += 1), 10);
  const exit = await session.stop({ graceMs: 300 });
  clearInterval(clock);
  expect(exit).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
  expect(ticks, 'turns of the event loop meanwhile').toBeGreaterThan(5);
  await events;
  expect(await countAll(handle)).toBe(0);
});

test.concurrent('an agent that outlives the grace is killed with its whole tree', async () => {
  await using stage = await Stage.open();
  const script = `trap '' TERM HUP INT; setsid bash -c "trap '' TERM; sleep 600" & (bash -c "trap '' TERM; sleep 600" &) ; echo up; while :; do sleep 1; done`;
  const { handle, session, events } = await begun(stage, script);
  expect(await session.stop({ graceMs: 300 })).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
  expect(shown(await events)).toBe('up\n');
  expect(await countAll(handle)).toBe(0);
});

test.concurrent('what an agent leaves running does not keep the run open, and reap ends it', async () => {
  await using stage = await Stage.open();
  const { handle, session } = await stage.bash('setsid sleep 600 & echo bye; exit 4');
  const events = await readAll(session);
  expect(shown(events)).toBe('bye\n');
  expect(await countAll(handle), 'the child that was left').toBe(1);
  await tmux({ command: ['true'] }).reap(handle);
  expect(await countAll(handle)).toBe(0);
  expect(await session.stop()).toEqual({ kind: 'exited', code: 4 });
});

test.concurrent('a run that was taken for absent can never begin, however late its holder comes', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('go');
  const adapter = tmux({ command: ['bash', '-c', 'touch ran', '{prompt}'] });
  expect((await adapter.recover(launch.handle)).status).toBe('absent');
  await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'CONFLICT' });
  await writeFile(join(launch.workspace, 'witness'), '');
  await expect(readFile(join(launch.workspace, 'ran'))).rejects.toThrow('ENOENT');
});

test.concurrent('an instruction for a server that is gone was provably not typed', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('hello');
  const session = await stage.start({ command: ['bash', '-c', 'echo up; read -r line; sleep 600'] }, launch);
  const holder = await readTmuxHolder(launch.handle.runDir);
  await eventually('the first was told', async () =>
    (await readFile(join(launch.handle.runDir, 'notes.jsonl'), 'utf8')).includes('unknown'),
  );
  process.kill(holder?.server.pid ?? 0, 'SIGKILL');
  const steer = { id: 'steer-1', mode: 'steer', parts: [{ type: 'text' as const, text: 'too late' }] } as const;
  await expect(session.send({ ...steer, parts: [...steer.parts] })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const events = await readAll(session);
  expect(events.some((event) => 'instructionId' in event && event.instructionId === 'steer-1')).toBe(false);
});

test('what the holder runs to record an exit is spared when its agent is killed', async () => {
  await using stage = await Stage.open();
  const slow = join(stage.dir, 'mv');
  await writeFile(slow, '#!/bin/sh\nsleep 0.4\nexec /bin/mv "$@"\n', { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = `${stage.dir}:${before}`;
  try {
    const { session } = await stage.bash(`trap '' TERM; sleep 600`);
    expect(await session.stop({ graceMs: 0 })).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
  } finally {
    process.env['PATH'] = before;
  }
});

test.concurrent('a run whose directory is gone is ended, and is not said to have never begun', async () => {
  await using stage = await Stage.open();
  const { handle, session, events } = await begun(stage);
  const brokenOff = expect(events).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await rm(handle.runDir, { recursive: true });
  expect(await session.stop({ graceMs: 100 })).toMatchObject({
    kind: 'unknown',
    why: 'the run directory is not there',
  });
  expect(await countAll(handle)).toBe(0);
  await brokenOff;
});
