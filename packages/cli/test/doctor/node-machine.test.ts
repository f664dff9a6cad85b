import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readIdentity } from '@runtime/adapter-kit/process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeMachine } from '../../src/doctor/node-machine.ts';

describe.skipIf(process.platform === 'win32')('the first line of a program', () => {
  const machine = nodeMachine(500);
  const { signal } = new AbortController();

  it('is what it prints, trimmed', async () => {
    expect(await machine.firstLine('sh', ['-c', 'echo "  one  "; echo two'], { signal })).toBe('one');
  });

  it.each([
    ['is not there', 'no-such-program-anywhere', []],
    ['fails', 'sh', ['-c', 'echo one; exit 3']],
    ['does not end', 'sh', ['-c', 'echo one; exec sleep 60']],
    ['prints without end', 'sh', ['-c', 'exec yes']],
  ])('is undefined for a program that %s', async (_, command, args) => {
    expect(await machine.firstLine(command, args, { signal })).toBeUndefined();
  });

  it('is not waited for after Ctrl-C', async () => {
    const interrupted = { signal: AbortSignal.timeout(100) };
    const slow = nodeMachine(1_000_000);
    expect(await slow.firstLine('sh', ['-c', 'exec sleep 100000'], interrupted)).toBeUndefined();
  });

  it('is not waited for when a child of the program keeps its output open, which ends with it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'machine-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const file = join(dir, 'child');
    const script = 'sleep 100000 & echo $! >"$0"; wait';
    expect(await machine.firstLine('sh', ['-c', script, file], { signal })).toBeUndefined();
    const child = Number(await readFile(file, 'utf8'));
    await expect.poll(() => readIdentity(child)).toBeUndefined();
  });
});

describe("Pi's agent directory", () => {
  it('is looked at without a value of it in the answer', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'machine-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const env = { PI_CODING_AGENT_DIR: dir };
    expect(await nodeMachine().piFiles(env)).toEqual({ agentDir: dir, faults: [], providers: [] });
    await writeFile(join(dir, 'auth.json'), '{"anthropic":{"type":"api_key","key":"sk-secret"}}');
    await writeFile(join(dir, 'models.json'), '{"providers":{"mine":{"apiKey":"sk-secret"}');
    const found = await nodeMachine().piFiles(env);
    expect(found).toMatchObject({
      faults: [{ file: join(dir, 'models.json'), why: 'is not JSON' }],
      providers: ['anthropic'],
    });
    expect(JSON.stringify(found)).not.toContain('sk-secret');
  });
});
