import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { local } from '@runtime/adapter-local';
import { pi } from '@runtime/adapter-pi';
import { tmux } from '@runtime/adapter-tmux';
import { piAgent, plainAgent, type PlainStep } from '@runtime/conformance/scripted-agent';
import type { SubmitRequest } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { StoredEvent } from '@runtime/contracts/log';
import { openControlPlane } from '@runtime/control-plane';
import { describe, expect, inject, it } from 'vitest';
import { eventsOf, expectNothingLost, makeScene, saidIn } from '../src/scene.ts';

const nasty =
  'say #(touch PWNED) $(touch PWNED) `touch PWNED`; touch PWNED \u001b]0;title\u0007 \u001b[201~ \u2028 {prompt} %s "quoted" \\end';

/** Plays one task, shows that the plane is alive after it, and gives what is in the log. */
async function play(name: 'local' | 'tmux' | 'pi', adapter: RuntimeAdapter, request: Partial<SubmitRequest> = {}) {
  await using scene = await makeScene(name);
  await using plane = await openControlPlane({
    dataDir: scene.dataDir,
    adapters: [adapter, local({ id: 'well', command: ['true'], prompt: 'stdin' })],
  });
  const task = await plane.submit({ ...scene.request, runtimes: [adapter.id], ...request });
  const outcome = await task.outcome({ signal: AbortSignal.timeout(50_000 * inject('slowness')) });
  const events: StoredEvent[] = await eventsOf(plane, task.id);
  await expectNothingLost(scene, events);
  const after = await plane.submit({ prompt: 'still there?', workspace: scene.workspace, runtimes: ['well'] });
  expect(await after.outcome()).toEqual({ status: 'succeeded' });
  return { outcome, events, files: await readdir(scene.workspace) };
}

const agent = (steps: readonly PlainStep[]): RuntimeAdapter =>
  local({ id: 'local', command: plainAgent(steps).command, prompt: 'stdin' });
const inTmux = (steps: readonly PlainStep[]): RuntimeAdapter =>
  tmux({ id: 'tmux', command: plainAgent(steps).command, prompt: 'stdin' });
const fakePi = (rawLine: string): RuntimeAdapter =>
  pi({ id: 'pi', command: piAgent({ rules: [{ steps: [{ text: 'a' }, { rawLine }, { text: 'b' }] }] }).command });
const quarantined = (events: readonly StoredEvent[]): StoredEvent[] =>
  events.filter(({ type }) => type === 'output.quarantined');

describe('a prompt with control characters and shell words', () => {
  it('reaches a local command byte for byte, and nothing of it is executed', async () => {
    const { outcome, events, files } = await play('local', agent([{ readStdinToEnd: true, echo: true }]), {
      prompt: nasty,
    });
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(saidIn(events)).toBe(nasty);
    expect(files).toEqual([]);
  });

  it.each(['stdin', 'argument'] as const)(
    'reaches a command in tmux by %s, and nothing of it is executed',
    async (prompt) => {
      const { command } = plainAgent(
        prompt === 'stdin' ? [{ readStdinToEnd: true, echo: true }] : [{ printSelf: true }],
      );
      const adapter = tmux({ id: 'tmux', prompt, command: prompt === 'stdin' ? command : [...command, '{prompt}'] });
      const { outcome, events, files } = await play('tmux', adapter, { prompt: nasty });
      expect(outcome).toEqual({ status: 'succeeded' });
      expect(saidIn(events)).toContain('#(touch PWNED) $(touch PWNED)');
      expect(files).toEqual([]);
    },
  );
});

describe('an agent that writes', () => {
  it('malformed lines has them quarantined, and goes on', async () => {
    const { outcome, events } = await play('pi', fakePi('{"type": nonsense'));
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(quarantined(events)).toHaveLength(1);
    expect(quarantined(events)[0]).toMatchObject({ sample: expect.stringContaining('nonsense') });
    expect(saidIn(events)).toBe('ab');
  });

  it('U+2028 inside a line loses none of it', async () => {
    const { outcome, events } = await play(
      'pi',
      pi({ id: 'pi', command: piAgent({ rules: [{ steps: [{ text: ['one\u2028two'] }] }] }).command }),
    );
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(saidIn(events)).toBe('one\u2028two');
  });

  it('half a UTF-8 character has it quarantined, and the rest is there', async () => {
    const bytes = Buffer.concat([Buffer.from('good '), Buffer.from([0xe2, 0x82]), Buffer.from(' end\n')]).toString(
      'base64',
    );
    for (const [name, adapter] of [
      ['local', agent([{ printBytes: bytes }])],
      ['tmux', inTmux([{ printBytes: bytes }])],
    ] as const) {
      const { outcome, events } = await play(name, adapter);
      expect(outcome).toEqual({ status: 'succeeded' });
      expect(saidIn(events), name).toMatch(/good .* end/);
      if (name === 'local') expect(quarantined(events)).toHaveLength(1);
    }
  });

  it('a 40 MB line keeps it, with memory bounded', async () => {
    const before = process.memoryUsage().rss;
    const { outcome, events } = await play('local', agent([{ longLine: { bytes: 40_000_000 } }]));
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(saidIn(events).length).toBe(40_000_001);
    // The events are gathered here by the test; the plane itself holds a window.
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 1024 * 1024);
  });

  it('nothing at all succeeds with nothing', async () => {
    const { outcome, events } = await play('local', agent([]));
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(saidIn(events)).toBe('');
  });

  it.each(['local', 'tmux'] as const)('for ever on %s is ended at its limit', async (name) => {
    const flood: PlainStep[] = [{ repeat: { times: 1_000_000, steps: [{ flood: { bytes: 100_000 } }] } }];
    const { outcome, events } = await play(name, name === 'local' ? agent(flood) : inTmux(flood), {
      maxOutputBytes: 2_000_000,
    });
    expect(outcome).toMatchObject({ status: 'failed', code: 'output_limit' });
    expect(saidIn(events).length).toBeGreaterThan(1_900_000);
  });

  it('as fast as the disk takes it does not fill the log with what came after its limit', async () => {
    const { outcome, events } = await play('local', local({ id: 'local', command: ['yes'] }), {
      maxOutputBytes: 1_000_000,
    });
    expect(outcome).toMatchObject({ status: 'failed', code: 'output_limit' });
    expect(saidIn(events).length).toBeLessThan(20_000_000);
  });
});

describe('a command that is not there', () => {
  it('fails with its name and what to do, without a run', async () => {
    await using scene = await makeScene('local');
    await using plane = await openControlPlane({
      dataDir: scene.dataDir,
      adapters: [local({ id: 'local', command: [join(scene.root, 'no-such-agent')] })],
    });
    const task = await plane.submit(scene.request);
    expect(await task.outcome()).toMatchObject({
      status: 'failed',
      code: 'unavailable',
      message: expect.stringContaining('no-such-agent'),
    });
    expect((await eventsOf(plane, task.id)).map(({ type }) => type)).not.toContain('run.starting');
  });
});
