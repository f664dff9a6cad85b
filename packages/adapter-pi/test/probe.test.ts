import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { piAgent } from '@runtime/conformance/scripted-agent';
import { runMarker } from '@runtime/contracts/adapter';
import { describe, expect, test, vi } from 'vitest';
import { pi } from '../src/index.ts';

describe('the probe', () => {
  test('finds the version of a Pi', async () => {
    for (const [like, version] of [
      ['0.73', '0.73.1'],
      ['1.5', '1.5.2'],
    ] as const) {
      const found = await pi({ command: piAgent({}, { version: like }).command }).probe();
      expect(found).toMatchObject({
        status: 'available',
        version,
        capabilities: { approvals: true, resume: 'lossless' },
      });
    }
  });

  test.each([
    ['a missing program', ['no-such-pi'], 'NOT_FOUND', /npm install -g/],
    [
      'a program that fails',
      [process.execPath, '-e', 'console.error("TypeError: broken"); process.exit(3)', '--'],
      'UNAVAILABLE',
      /terminal/,
    ],
    [
      'a Pi on an old Node',
      [process.execPath, '-e', 'console.error("SyntaxError: no export"); process.exit(1)', '--'],
      'UNAVAILABLE',
      /22\.19/,
    ],
    ['a Pi that is too old', [process.execPath, '-e', 'console.log("0.58.3")', '--'], 'UNSUPPORTED', /update Pi/],
  ])('answers Unavailable for %s', async (_what, command, code, hint) => {
    expect(await pi({ command }).probe()).toMatchObject({
      status: 'unavailable',
      id: 'pi',
      code,
      hint: expect.stringMatching(hint),
    });
  });

  test('accepts a program whose version it cannot read, as version unknown', async () => {
    const command = [process.execPath, '-e', 'console.log("nightly")', '--'];
    expect(await pi({ command }).probe()).toMatchObject({ status: 'available', version: 'unknown' });
  });

  /** A program in JavaScript that is asked for its version. */
  const program = (source: string): string[] => [process.execPath, '-e', source, '--'];

  test("asks for the version offline, and not as a process of the caller's own run", async () => {
    const ok = `process.env.${runMarker} === undefined && process.env.PI_OFFLINE === '1' && process.env.PI_PROBED === 'yes'`;
    vi.stubEnv(runMarker, 'run-of-the-caller');
    vi.stubEnv('PI_PROBED', 'yes');
    const found = await pi({ command: program(`console.log(${ok} ? '1.2.3' : '0.0.1')`) }).probe();
    vi.unstubAllEnvs();
    expect(found).toMatchObject({ status: 'available', version: '1.2.3' });
  });

  test('answers Unavailable for a program that floods, instead of keeping what it prints', async () => {
    const found = await pi({ command: ['sh', '-c', 'exec yes', 'pi'] }).probe();
    expect(found).toMatchObject({ status: 'unavailable', code: 'UNAVAILABLE' });
  });

  test('ends a program that hangs when it is aborted, and does not wait for the children that it leaves', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'adapter-pi-'));
    const pids = join(dir, 'pids');
    const hanging = `sleep 100000 & echo "$$ $!" >"${pids}"; exec sleep 100000`;
    const give = new AbortController();
    const probing = pi({ command: ['sh', '-c', hanging, 'pi'] }).probe({ signal: give.signal });
    const written = (): Promise<string> => readFile(pids, 'utf8').catch(() => '');
    while (!(await written()).endsWith('\n')) await new Promise((resolve) => setTimeout(resolve, 10));
    const [parent = 0, child = 0] = (await written()).trim().split(' ').map(Number);
    give.abort();
    await expect(probing).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(isRunning(child), 'the child, when the probe was given up').toBe(true);
    while (isRunning(parent)) await new Promise((resolve) => setTimeout(resolve, 10));
    process.kill(child, 'SIGKILL');
    await rm(dir, { recursive: true });
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
