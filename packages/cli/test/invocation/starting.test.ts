import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CliDependencies } from '../../src/host/dependencies.ts';
import { Lab, Sink } from '../support/lab.ts';

/** A command of a lab, whose owner starts only when it is let. */
function slow(lab: Lab, start: Promise<unknown>): Partial<CliDependencies> {
  const { startOwner } = lab.dependencies();
  return {
    frameMs: 1,
    startOwner: async (options) => {
      await start;
      if (!startOwner) throw new Error('a lab starts owners');
      return startOwner(options);
    },
  };
}

describe('while an owner is being started', () => {
  it('a terminal shows so, and since when, and nothing of it stays', async () => {
    await using lab = await Lab.open();
    const start = Promise.withResolvers<void>();
    const stdout = new Sink(true);
    const running = lab.start(['submit', 'x'], { ...slow(lab, start.promise), stdout });
    await stdout.holds('starting the owner…');
    start.resolve();
    await running.ended;
    const drawn = stdout.text.split('\r\u001b[K');
    for (const part of drawn.slice(0, -1)) expect(part).toMatch(/^\S+ \S*\d+s · (starting|waiting for) the owner…\S*$/);
    expect(drawn.at(-1)).toMatch(/^task-\w+\n$/);
  });

  it('Ctrl-C takes the line away', async () => {
    await using lab = await Lab.open();
    const stdout = new Sink(true);
    const dead = {
      pid: 1,
      exitCode: () => undefined,
      failure: () => Promise.resolve(undefined),
      logTail: () => Promise.resolve(''),
      logPath: 'owner.log',
    };
    const running = lab.start(['submit', 'x'], { frameMs: 1, stdout, startOwner: () => Promise.resolve(dead) });
    await stdout.holds('starting the owner…');
    running.signal('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(stdout.text).toMatch(/\r\u001b\[K$/);
  });

  it.each([
    ['a pipe', [], new Sink(), {}],
    ['--json', ['--json'], new Sink(true), {}],
    ['-q', ['-q'], new Sink(true), {}],
    ['a dumb terminal', [], new Sink(true), { TERM: 'dumb' }],
  ] as const)('%s shows nothing of it', async (_name, options, stdout, env) => {
    await using lab = await Lab.open();
    let time = 0;
    // Seconds pass with every look at the clock, and there are frames for many lines.
    const now = (): number => (time += 5000);
    const overrides = { ...slow(lab, sleep(50)), stdout, now, env: { PATH: '/usr/bin:/bin', ...env } };
    const { stdout: text, code } = await lab.start(['submit', 'x', ...options], overrides).ended;
    expect([code, text]).toEqual([0, expect.stringMatching(/^(task-\w+\n|\{.*\}\n)$/)]);
  });
});
