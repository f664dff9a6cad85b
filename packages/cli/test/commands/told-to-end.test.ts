import { describe, expect, it } from 'vitest';
import { shortId } from '../../src/render/short-id.ts';
import { Lab, Sink } from '../support/lab.ts';

const working = () => Lab.open(() => [{ do: 'say', text: 'working\n' }, { do: 'hang' }]);

describe('runtime run that is told to end', () => {
  it.each(['SIGTERM', 'SIGHUP'])(
    '%s leaves no half-drawn line, says how to come back, and the task goes on',
    async (signal) => {
      await using lab = await working();
      const stdout = new Sink(true);
      const options = { stdout, frameMs: 5, detachWindowMs: 60_000, env: { PATH: '/usr/bin:/bin', TERM: 'xterm' } };
      const running = lab.start(['run', 'x'], options);
      await stdout.holds('memory thinks');
      running.signal(signal);
      const { code, stderr } = await running.ended;
      const id = (await lab.run('list', '-q')).stdout.trim();
      expect(code).toBe(130);
      expect(stdout.text.split('\r\u001b[K').at(-1)).toBe('');
      expect(stderr).toBe(`detached; the task goes on. To watch it again: runtime watch ${shortId(id)}\n`);
      expect((await lab.run('status', id, '-q')).stdout).toBe('running\n');
    },
  );

  it('after Ctrl-C does not cancel the task, as a second Ctrl-C does', async () => {
    await using lab = await working();
    const running = lab.start(['run', 'x'], { detachWindowMs: 60_000 });
    await running.stdout.holds('working');
    running.signal('SIGINT');
    await running.stderr.holds('Press Ctrl-C again');
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(130);
    expect((await lab.run('status', 'last', '-q')).stdout).toBe('running\n');
  });

  it.each(['SIGINT', 'SIGTERM'])('%s meets nobody the second time: the system then ends the program', async (first) => {
    await using lab = await working();
    const running = lab.start(['run', 'x'], { detachWindowMs: 60_000 });
    await running.stdout.holds('working');
    running.signal(first);
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(130);
  });
});

describe('what was requested and has not happened yet', () => {
  it.each(['interrupt', 'close', 'cancel'])('%s says so, and only then', async (command) => {
    await using lab = await Lab.open(() => [{ do: 'say', text: 'working\n' }, { do: 'ignoreStop' }, { do: 'hang' }]);
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('working');
    const { stdout, code } = await lab.run(command, 'last');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`(running|waiting) {2}\\w+ {2}${command} requested\n$`));
    await lab.run('cancel', 'last', '--wait');
    await running.ended;
    expect((await lab.run('cancel', 'last')).stdout).toMatch(/cancelled {2}\w+\n$/);
  });
});
