import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPaths } from '@runtime/adapter-kit/run';
import { makeHandle } from '@runtime/conformance/adapter';
import type { PiScript } from '@runtime/conformance/scripted-agent';
import type { Launch } from '@runtime/contracts/adapter';
import { describe, expect, test } from 'vitest';
import { pi } from '../src/index.ts';
import { Stage, type StageOptions } from './support/stage.ts';

/** The error of a start that fails, with the proof that nothing is left of it. */
async function failure(startup: { stderr?: string; exit?: number; delayMs?: number }, options: StageOptions = {}) {
  await using stage = await Stage.set({ startup }, options);
  const error: unknown = await stage.adapter.start(stage.launch).catch((thrown: unknown) => thrown);
  expect(await stage.processes(), 'processes left').toBe(0);
  return error;
}

describe('a start that fails:', () => {
  test.each([
    ['Error: Unknown provider "zzz". Use one of …', 'INVALID_ARGUMENT', /zzz/],
    ['Error: Model "fake/none" not found', 'INVALID_ARGUMENT', /fake\/none/],
    ['Error: Failed to load extension "/x.ts": boom', 'INVALID_ARGUMENT', /x\.ts/],
    ['No API key found. Use /login', 'UNAUTHENTICATED', /No API key/],
    ['Segmentation of something', 'UNAVAILABLE', /code 1/],
  ])('%s on stderr is %s', async (stderr, code, message) => {
    const error = await failure({ stderr: `${stderr}\n`, exit: 1 });
    expect(error).toMatchObject({ code, message: expect.stringMatching(message), hint: expect.stringMatching(/\w/) });
  });

  test('a Pi that is gone before anything is said to it tells why', async () => {
    const ends = ['sh', '-c', 'echo "No API key found. Use /login" >&2; exit 1'];
    // Which of the two is sooner differs from time to time.
    for (let n = 0; n < 10; n += 1) {
      expect(await failure({}, { pi: { command: ends } })).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  test('a secret on its stderr is not in the error', async () => {
    const error = await failure(
      { stderr: 'key sk-very-secret is bad\n', exit: 1 },
      { launch: { secrets: ['sk-very-secret'] } },
    );
    expect(String(error)).not.toContain('sk-very-secret');
    expect(String(error)).toContain('is bad');
  });

  test('a Pi that does not answer is ended after the timeout', async () => {
    const error = await failure({ delayMs: 60_000 }, { pi: { startupMs: 300 } });
    const message = expect.stringMatching(/within 300 ms, and showed no sign of life/);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message, hint: expect.stringContaining('startupMs') });
  });

  test('a Pi that is known to be slow is given as much longer as the plane says', async () => {
    const error = await failure({ delayMs: 60_000 }, { pi: { startupMs: 100 }, launch: { patience: 4 } });
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/within 400 ms/) });
  });

  test('a Pi that only starts slowly is waited for', async () => {
    await using stage = await Stage.start({ startup: { busyMs: 1500 } }, { pi: { startupMs: 300 } });
    await stage.say('Go.');
    await expect(stage.until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'succeeded' } });
  });

  const broken = '{"anthropic":{"type":"api_key","key":"sk-very-secret"';
  const noModel = 'Error: Model "fake/fake-1" not found. Use --list-models to see available models.\n';

  /** The error of a start on an agent directory with this file in it. */
  async function failureWith(name: string, content: string, script: PiScript, launch: Partial<Launch> = {}) {
    await using stage = await Stage.set(script, { launch });
    await mkdir(join(stage.dir, 'agent'), { recursive: true });
    await writeFile(join(stage.dir, 'agent', name), content);
    const error: unknown = await stage.adapter.start(stage.launch).catch((thrown: unknown) => thrown);
    expect(await stage.processes(), 'processes left').toBe(0);
    return { error, text: `${String(error)} ${JSON.stringify(error)}`, file: join(stage.dir, 'agent', name) };
  }

  const unknown = { target: { runtime: 'pi', model: 'unknown/unknown' } };
  const exits = { startup: { stderr: noModel, exit: 1 } };
  test.each<[string, string, PiScript, Partial<Launch>, string]>([
    ['auth.json', broken, exits, {}, 'UNAUTHENTICATED'],
    ['auth.json', broken, {}, unknown, 'UNAUTHENTICATED'],
    ['auth.json', '[]', {}, unknown, 'UNAUTHENTICATED'],
    ['auth.json', '{"anthropic":"sk-very-secret"}', {}, unknown, 'UNAUTHENTICATED'],
    ['models.json', broken, exits, {}, 'INVALID_ARGUMENT'],
    ['models.json', broken, {}, unknown, 'INVALID_ARGUMENT'],
    ['models.json', '{"providers":{"a":{"apiKey":"sk-very-secret","baseUrl":5}}}', {}, unknown, 'INVALID_ARGUMENT'],
    ['models.json', '['.repeat(100_000), {}, unknown, 'INVALID_ARGUMENT'],
    ['settings.json', broken, {}, unknown, 'INVALID_ARGUMENT'],
  ])('a spoiled %s is named when Pi has no model, without its content', async (name, content, script, launch, code) => {
    const { error, text, file } = await failureWith(name, content, script, launch);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(file),
      hint: expect.stringContaining(file),
    });
    expect(text).not.toContain('sk-very-secret');
  });

  test('a spoiled file is not named when Pi has a model, or says itself what is wrong', async () => {
    const other = { startup: { stderr: 'Error: Unknown option: --x\n', exit: 1 } };
    expect((await failureWith('auth.json', broken, other)).text).not.toContain('auth.json');
    const comments = '{ // mine\n "providers": {"a//b": {"baseUrl": "http://x,]", "models": [{"id": "m",},],},},}';
    for (const [name, content, launch] of [
      ['models.json', comments, unknown],
      ['auth.json', broken, {}],
    ] as const) {
      await using stage = await Stage.set({}, { launch });
      await mkdir(join(stage.dir, 'agent'));
      await writeFile(join(stage.dir, 'agent', name), content);
      stage.use(await stage.adapter.start(stage.launch));
    }
  });

  test('an unknown option of a newer version ends the start, not the run', async () => {
    const error = await failure({}, { pi: { args: ['--no-such-option'] } });
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('a missing program is UNAVAILABLE, with the way to install it', async () => {
    const error = await failure({}, { pi: { command: ['no-such-pi'] } });
    expect(error).toMatchObject({ code: 'UNAVAILABLE', hint: expect.stringContaining('npm install -g') });
  });

  test('a Pi whose interpreter is not there is named with it, by probe and start', async () => {
    await using stage = await Stage.set({});
    const program = join(stage.dir, 'pi');
    await writeFile(program, '#!/usr/bin/env node\r\n', { mode: 0o755 });
    const adapter = pi({ command: [program] });
    const message = expect.stringMatching(/pi cannot be executed.*carriage return/);
    const hint = expect.stringContaining('line ends of Unix');
    await expect(adapter.start(stage.launch)).rejects.toMatchObject({ code: 'UNAVAILABLE', message, hint });
    expect(await adapter.probe()).toMatchObject({ status: 'unavailable', code: 'NOT_FOUND', reason: message, hint });
  });

  test('a run of another runtime is refused, by start and by recover', async () => {
    await using stage = await Stage.set({});
    const handle = { ...stage.launch.handle, runtime: 'claude' };
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/claude.*pi/) };
    await expect(stage.adapter.start({ ...stage.launch, handle })).rejects.toMatchObject(refused);
    await expect(stage.adapter.recover(handle)).rejects.toMatchObject(refused);
    expect(await stage.adapter.recover(stage.launch.handle)).toEqual({ status: 'absent' });
  });

  test('a mode is refused: Pi has none', async () => {
    const error = await failure({}, { launch: { target: { runtime: 'pi', mode: 'plan' } } });
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a launch', () => {
  test('writes the policy and the extension for this user alone, and only if the policy may ask', async () => {
    const approvals = { rules: [{ tool: 'bash', action: 'ask' as const }], default: 'allow' as const, timeoutMs: 1000 };
    await using asking = await Stage.start({}, { launch: { approvals } });
    const policy = join(asking.runDir, 'pi', 'approval-policy.json');
    expect(JSON.parse(await readFile(policy, 'utf8'))).toEqual(approvals);
    expect((await stat(policy)).mode & 0o777).toBe(0o600);
    await using free = await Stage.start({}, { launch: { approvals: { ...approvals, rules: [] } } });
    await expect(stat(join(free.runDir, 'pi'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('can have a private agent directory, with the models and the login of the user but not their sessions', async () => {
    await using stage = await Stage.set({}, { pi: { isolate: true } });
    const home = join(stage.dir, 'agent');
    await mkdir(join(home, 'sessions'), { recursive: true });
    await writeFile(join(home, 'models.json'), '{"providers":{}}');
    await writeFile(join(home, 'auth.json'), '{}');
    stage.use(await stage.adapter.start(stage.launch));
    await stage.say('Go.');
    await stage.until('turn.ended');
    const own = join(stage.runDir, 'agent');
    expect(await readFile(join(own, 'models.json'), 'utf8')).toBe('{"providers":{}}');
    expect((await lstat(join(own, 'auth.json'))).isSymbolicLink()).toBe(true);
    const state = (await stage.records()).find((record) => record['command'] === 'get_state');
    expect(state).toMatchObject({ data: { sessionFile: expect.stringContaining(own) } });
  });

  test.each(['models.json', 'settings.json'])(
    'on a private agent directory waits for no FIFO named %s',
    async (name) => {
      await using stage = await Stage.set({}, { pi: { isolate: true } });
      await mkdir(join(stage.dir, 'agent'), { recursive: true });
      const file = join(stage.dir, 'agent', name);
      execFileSync('mkfifo', [file]);
      const message = expect.stringContaining(`${file} is no regular file`);
      await expect(stage.adapter.start(stage.launch)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
      expect(await stage.processes()).toBe(0);
    },
  );

  test('that is aborted does not wait for a version that never comes', async () => {
    const program = fileURLToPath(new URL('support/command-only.ts', import.meta.url));
    const command = [process.execPath, '--conditions=@runtime/source', program, '--slow-version'];
    await using stage = await Stage.set({}, { pi: { command } });
    const giveUp = new AbortController();
    const starting = stage.adapter.start(stage.launch, { signal: giveUp.signal });
    const written = (): Promise<string> => readFile(join(stage.runDir, 'stdout.log'), 'utf8').catch(() => '');
    while (!(await written()).includes('clear_queue')) await new Promise((resolve) => setTimeout(resolve, 10));
    giveUp.abort();
    await expect(starting).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await stage.processes()).toBe(0);
  });

  test('that is refused leaves nothing which would refuse the next one', async () => {
    const approvals = { rules: [], default: 'ask' as const, timeoutMs: 1000 };
    await using stage = await Stage.set({}, { launch: { approvals } });
    const workspace = join(stage.dir, 'not-there-yet');
    await expect(stage.adapter.start({ ...stage.launch, workspace })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    stage.use(await stage.adapter.start(stage.launch));
    await stage.say('Go.');
    await stage.until('turn.ended');
  });

  test('that cannot make its agent directory is UNAVAILABLE', async () => {
    await using stage = await Stage.set({}, { pi: { isolate: true } });
    await writeFile(join(stage.runDir, 'agent'), 'in the way');
    await expect(stage.adapter.start(stage.launch)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('of a run that was started before is refused with CONFLICT', async () => {
    await using stage = await Stage.start({});
    await expect(stage.adapter.start(stage.launch)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await stage.processes()).toBeGreaterThan(0);
    const other = await makeHandle(stage.dir);
    expect(runPaths(other.runDir).claim).not.toBe(runPaths(stage.runDir).claim);
  });
});
