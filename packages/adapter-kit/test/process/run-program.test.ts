import { getEventListeners } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError } from '@runtime/contracts';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import {
  readIdentity,
  runProgram,
  signalProcess,
  streamProgram,
  type ProcessIdentity,
  type ProgramOptions,
} from '../../src/process/index.ts';
import { codeOf, eventually } from '../support/run.ts';

const env = { PATH: process.env['PATH'] };
const sh = (script: string, options: Partial<ProgramOptions> = {}) =>
  runProgram('/bin/sh', ['-c', script], { env, timeoutMs: 10_000, ...options });

it('gives what a program wrote and its exit code, whatever it is', async () => {
  expect(await sh('echo out; echo err >&2; exit 3')).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
});

it('gives the bytes as they are where they are wanted', async () => {
  const bytes = await runProgram('printf', ['\\377\\000\\n'], { env, timeoutMs: 10_000, encoding: 'buffer' });
  expect(bytes.stdout).toEqual(Buffer.from([0xff, 0, 0x0a]));
});

it('gives it the environment as it is, and no argument to a shell', async () => {
  process.env['RUN_PROGRAM_SECRET'] = 'not for it';
  const { stdout } = await runProgram('/usr/bin/env', [], { env: { ONLY: 'this', NOT: undefined }, timeoutMs: 10_000 });
  delete process.env['RUN_PROGRAM_SECRET'];
  expect(stdout).toBe('ONLY=this\n');
  const awkward = '$(touch x) "a" \'b\' ;|&\n';
  expect((await runProgram('printf', ['%s', awkward], { env, timeoutMs: 10_000 })).stdout).toBe(awkward);
});

it('has an empty input unless it is given one, which it need not read', async () => {
  expect((await sh('cat')).stdout).toBe('');
  expect((await sh('cat', { input: 'in\n' })).stdout).toBe('in\n');
  expect((await sh('exit 4', { input: 'x'.repeat(10_000_000) })).code).toBe(4);
});

it('kills one that takes too long, or when the caller gives up', async () => {
  expect(await codeOf(sh('trap "" TERM; exec sleep 100000', { timeoutMs: 200 }))).toBe('DEADLINE_EXCEEDED');
  expect(await codeOf(sh('trap "" TERM; exec sleep 100000', { signal: AbortSignal.timeout(100) }))).toBe(
    'DEADLINE_EXCEEDED',
  );
  const caller = new AbortController();
  setTimeout(() => caller.abort(), 100);
  expect(await codeOf(sh('exec sleep 100000', { signal: caller.signal }))).toBe('CANCELLED');
  expect(await codeOf(sh('true', { signal: AbortSignal.abort() }))).toBe('CANCELLED');
});

/** A program with a child, both deaf. Once both have written their pids it does what `then` says. */
const withChild = (then: string): string =>
  `trap "" TERM INT HUP; sh -c 'echo $$ >child; exec sleep 100000' & echo $$ >pid; until [ -s child ]; do :; done; ${then}`;

/** For a program, with a child perhaps; what is left of them at the end of the test is ended. */
async function directory(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'run-program-'));
  onTestFinished(async () => {
    for (const identity of await left(dir).catch(() => [])) await signalProcess(identity, 'SIGKILL');
    await rm(dir, { recursive: true, force: true });
  });
  return dir;
}

async function left(dir: string): Promise<ProcessIdentity[]> {
  const pids = await Promise.all(['pid', 'child'].map((file) => readFile(path.join(dir, file), 'utf8')));
  const found = await Promise.all(pids.map((pid) => readIdentity(Number(pid))));
  return found.filter((identity) => identity !== undefined);
}

it('leaves neither the program nor its children when its time is over', async () => {
  const cwd = await directory();
  expect(await codeOf(sh(withChild('wait'), { cwd, timeoutMs: 2000 }))).toBe('DEADLINE_EXCEEDED');
  await expect.poll(() => left(cwd), { timeout: 5000 * inject('slowness') }).toEqual([]);
});

it('leaves neither when the caller gives up', async () => {
  const cwd = await directory();
  const caller = new AbortController();
  const running = codeOf(sh(withChild('wait'), { cwd, signal: caller.signal, timeoutMs: 1_000_000 }));
  await eventually(async () => (await readFile(path.join(cwd, 'child'), 'utf8').catch(() => '')) !== '');
  caller.abort();
  expect(await running).toBe('CANCELLED');
  await expect.poll(() => left(cwd), { timeout: 5000 * inject('slowness') }).toEqual([]);
});

it('leaves neither when the program writes too much', async () => {
  const cwd = await directory();
  expect(await codeOf(sh(withChild('yes'), { cwd, maxOutputBytes: 100_000 }))).toBe('EXHAUSTED');
  await expect.poll(() => left(cwd), { timeout: 5000 * inject('slowness') }).toEqual([]);
});

it('does not wait for a child that keeps the outputs, beyond its time', async () => {
  const { code, stdout } = await sh('sleep 100000 & echo $!', { timeoutMs: 500 });
  const left = await readIdentity(Number(stdout));
  if (left) await signalProcess(left, 'SIGKILL');
  expect(code).toBe(0);
  expect(left, 'the child, when the outputs were given up').toBeDefined();
});

it('kills one that writes too much', async () => {
  expect(await codeOf(sh('yes', { maxOutputBytes: 100_000 }))).toBe('EXHAUSTED');
});

it('keeps nothing at the signal of a caller that lives on, whatever became of the program', async () => {
  const any = vi.spyOn(AbortSignal, 'any');
  onTestFinished(() => any.mockRestore());
  const { signal } = new AbortController();
  await sh('true', { signal });
  expect(await codeOf(sh('yes', { signal, maxOutputBytes: 1000 }))).toBe('EXHAUSTED');
  expect(await codeOf(runProgram('/no/such/program', [], { env, timeoutMs: 1000, signal }))).toBe('UNAVAILABLE');
  for await (const chunk of streamProgram('/bin/sh', ['-c', 'echo'], { env, timeoutMs: 1000, signal })) void chunk;
  for await (const _ of streamProgram('yes', [], { env, timeoutMs: 1000, signal })) break;
  const stops = any.mock.results.map(({ value }) => value as AbortSignal);
  expect(stops).toHaveLength(5);
  expect(stops.flatMap((stop) => getEventListeners(stop, 'abort'))).toEqual([]);
});

it('keeps no more of what a program complains of than 16 MiB, however long its output may be', async () => {
  const complaining = sh('yes >&2', { maxOutputBytes: 1024 ** 3 });
  expect(await codeOf(complaining)).toBe('EXHAUSTED');
});

it('says why it cannot be run', async () => {
  await expect(runProgram('/no/such/program', [], { env, timeoutMs: 1000 })).rejects.toThrow('ENOENT');
});

it('calls it by its name in messages, else by its command line', async () => {
  await expect(sh('kill -9 $$')).rejects.toThrow('/bin/sh -c kill -9 $$ was ended by SIGKILL');
  await expect(sh('kill -9 $$', { name: 'the test' })).rejects.toThrow('the test was ended by SIGKILL');
});

it('tells what cannot be run from what was killed', async () => {
  expect(await codeOf(runProgram('/no/such/program', [], { env, timeoutMs: 1000 }))).toBe('UNAVAILABLE');
  expect(await codeOf(runProgram('/bin', [], { env, timeoutMs: 1000 }))).toBe('UNAVAILABLE');
  expect(await codeOf(sh('kill -9 $$'))).toBe('OUTCOME_UNKNOWN');
});

describe('streamProgram', () => {
  const stream = (script: string, options: Partial<ProgramOptions> = {}) =>
    streamProgram('/bin/sh', ['-c', script], { env, timeoutMs: 10_000, ...options });

  /** What is given until the end, and how that was: a result, or the code of an error. */
  async function whole(chunks: ReturnType<typeof stream>): Promise<{ text: string; end: unknown }> {
    let text = '';
    try {
      for (;;) {
        const { value, done } = await chunks.next();
        if (done) return { text, end: value };
        text += Buffer.from(value).toString();
      }
    } catch (error) {
      return { text, end: AgentRuntimeError.from(error).code };
    }
  }

  it('gives what a program writes while it works, and at the end its exit code', async () => {
    const cwd = await directory();
    const chunks = stream('echo one; until [ -e go ]; do sleep 0.01; done; echo two; echo err >&2; exit 3', { cwd });
    expect(Buffer.from((await chunks.next()).value as Uint8Array).toString()).toBe('one\n');
    await writeFile(path.join(cwd, 'go'), '');
    expect(await whole(chunks)).toEqual({ text: 'two\n', end: { code: 3, stderr: 'err\n' } });
  });

  it('waits for one that has closed its output', async () => {
    expect(await whole(stream('echo out; exec >&-; sleep 0.2; exit 5'))).toMatchObject({ end: { code: 5 } });
  });

  it('makes one wait that writes faster than it is read', async () => {
    const cwd = await directory();
    const chunks = stream('head -c 10000000 /dev/zero; echo done >done', { cwd, maxOutputBytes: 100_000_000 });
    const first = await chunks.next();
    let bytes = first.done ? 0 : first.value.byteLength;
    await sleep(200);
    expect(await readFile(path.join(cwd, 'done'), 'utf8').catch(() => 'not yet')).toBe('not yet');
    for await (const chunk of chunks) bytes += chunk.byteLength;
    expect(bytes).toBe(10_000_000);
  });

  it.each([
    ['its reader leaves', {}, undefined],
    ['its time is over', { timeoutMs: 1000 }, 'DEADLINE_EXCEEDED'],
    ['it wrote too much', { maxOutputBytes: 3 }, 'EXHAUSTED'],
  ])('leaves neither the program nor its children when %s', async (_, options, code) => {
    const cwd = await directory();
    const chunks = stream(withChild('echo out; wait'), { cwd, ...options });
    if (code === undefined) for await (const chunk of chunks) if (chunk.byteLength > 0) break;
    if (code !== undefined) expect((await whole(chunks)).end).toBe(code);
    await expect.poll(() => left(cwd), { timeout: 5000 * inject('slowness') }).toEqual([]);
  });

  it('gives no output for whole that was given up', async () => {
    const caller = new AbortController();
    const chunks = stream('sleep 100000 & echo $!', { signal: caller.signal });
    const first = await chunks.next();
    caller.abort();
    expect((await whole(chunks)).end).toBe('CANCELLED');
    const child = await readIdentity(Number(Buffer.from(first.value as Uint8Array).toString()));
    if (child) await signalProcess(child, 'SIGKILL');
  });

  it('tells what cannot be run from what was killed', async () => {
    const missing = streamProgram('/no/such/program', [], { env, timeoutMs: 1000 });
    expect(await whole(missing)).toEqual({ text: '', end: 'UNAVAILABLE' });
    expect(await whole(stream('echo out; kill -9 $$'))).toEqual({ text: 'out\n', end: 'OUTCOME_UNKNOWN' });
    expect((await whole(stream('true', { signal: AbortSignal.abort() }))).end).toBe('CANCELLED');
  });
});
