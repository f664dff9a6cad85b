import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readIdentity, runProgram, signalProcess, type ProgramOptions } from '../../src/process/index.ts';
import { codeOf } from '../support/run.ts';

const env = { PATH: process.env['PATH'] };
const sh = (script: string, options: Partial<ProgramOptions> = {}) =>
  runProgram('/bin/sh', ['-c', script], { env, timeoutMs: 10_000, ...options });

it('gives what a program wrote and its exit code, whatever it is', async () => {
  expect(await sh('echo out; echo err >&2; exit 3')).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
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

it('leaves no process of its own when it gives up', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'run-program-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  expect(await codeOf(sh('echo $$ >pid; exec sleep 60', { cwd: dir, timeoutMs: 300 }))).toBe('DEADLINE_EXCEEDED');
  const pid = Number(await readFile(path.join(dir, 'pid'), 'utf8'));
  expect(pid).toBeGreaterThan(1);
  expect(await readIdentity(pid)).toBeUndefined();
});

it('does not wait for a child that keeps the outputs, beyond its time', async () => {
  const { code, stdout } = await sh('sleep 100000 & echo $!', { timeoutMs: 500 });
  const left = await readIdentity(Number(stdout));
  if (left) await signalProcess(left, 'SIGKILL');
  expect(code).toBe(0);
  expect(left, 'the child, when the outputs were given up').toBeDefined();
});

it('kills one that writes too much', async () => {
  expect(await codeOf(sh('yes', { maxOutputChars: 100_000 }))).toBe('EXHAUSTED');
});

it('tells what cannot be run from what was killed', async () => {
  expect(await codeOf(runProgram('/no/such/program', [], { env, timeoutMs: 1000 }))).toBe('UNAVAILABLE');
  expect(await codeOf(runProgram('/bin', [], { env, timeoutMs: 1000 }))).toBe('UNAVAILABLE');
  expect(await codeOf(sh('kill -9 $$'))).toBe('OUTCOME_UNKNOWN');
});
