import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { describe, expect, it } from 'vitest';
import { shortId } from '../../src/render/short-id.ts';
import { Lab, Sink } from '../support/lab.ts';

const gated = (): { readonly gate: PromiseWithResolvers<void>; readonly open: () => Promise<Lab> } => {
  const gate = Promise.withResolvers<void>();
  const open = () =>
    Lab.open(() => [
      { do: 'say', text: 'working\n' },
      { do: 'gate', until: gate.promise },
      { do: 'say', text: 'done\n' },
    ]);
  return { gate, open };
};

describe('runtime watch', () => {
  it('shows an ended task just as run showed it, and exits like it', async () => {
    await using lab = await Lab.open(() => [
      { do: 'tool', name: 'bash' },
      { do: 'say', text: 'hi' },
    ]);
    const run = await lab.run('run', 'x');
    const watch = await lab.run('watch', 'last');
    expect(watch.stdout).toBe(run.stdout);
    expect(watch.code).toBe(0);
    expect((await lab.run('watch', 'last', '-q')).stdout).toBe('hi\n');
  });

  it('joins a running task from its beginning, and leaves it alone at Ctrl-C', async () => {
    const { gate, open } = gated();
    await using lab = await open();
    const id = (await lab.run('submit', 'x')).stdout.trim();
    const watching = lab.start(['watch', id]);
    await watching.stdout.holds('working');
    watching.signal('SIGINT');
    const left = await watching.ended;
    expect(left.code).toBe(130);
    expect(left.stderr).toBe(`the task goes on; to watch it again: runtime watch ${shortId(id)}\n`);
    const again = lab.start(['watch', id]);
    await again.stdout.holds('working');
    gate.resolve();
    expect(await again.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/working\ndone\nsucceeded/) });
  });

  it('draws a line below on a terminal, which is gone from what is left on the screen', async () => {
    const { gate, open } = gated();
    await using lab = await open();
    const stdout = new Sink(true);
    const running = lab.start(['run', 'x'], { stdout, frameMs: 5, env: { PATH: '/usr/bin:/bin', TERM: 'xterm' } });
    await stdout.holds('memory thinks');
    gate.resolve();
    await running.ended;
    const drawn = stdout.text.split('\r\u001b[K');
    expect(drawn.length).toBeGreaterThan(1);
    // Whatever was drawn is erased before the next thing is written.
    for (const part of drawn.slice(0, -1)) expect(part.split('\n').at(-1)).toMatch(/^(|.*\d+s · .*)$/);
    expect(drawn.at(-1)).toMatch(/succeeded.* after \d+\w+ {2}/);
  });

  it.each([
    ['a pipe', new Sink(false), { TERM: 'xterm' }],
    ['a dumb terminal', new Sink(true), { TERM: 'dumb' }],
  ])('moves no cursor on %s', async (_name, stdout, env) => {
    const { gate, open } = gated();
    await using lab = await open();
    const running = lab.start(['run', 'x'], { stdout, frameMs: 1, env: { PATH: '/usr/bin:/bin', ...env } });
    await stdout.holds('working');
    gate.resolve();
    await running.ended;
    // oxlint-disable-next-line no-control-regex
    expect(stdout.text).not.toMatch(/[\r\u001b]/);
  });

  it('names the data directory in commands to copy, where one was given', async () => {
    const { gate, open } = gated();
    await using lab = await open();
    const running = lab.start(['run', 'x', '--data-dir', 'my data']);
    await running.stdout.holds('working');
    running.signal('SIGINT');
    const left = await running.ended;
    expect(left.stderr).toMatch(/runtime --data-dir 'my data' watch \w{6}\n/);
    gate.resolve();
    await lab.run('wait', 'last', '--data-dir', 'my data');
  });
});

it.each(['watch', 'wait'])(
  '%s says once that the owner left under it, and once that there is one again',
  async (command) => {
    const { gate, open } = gated();
    await using lab = await open();
    const id = (await lab.run('submit', 'x')).stdout.trim();
    const following = lab.start([command, id]);
    if (command === 'watch') await following.stdout.holds('working');
    // Twice: what is said once is said once each time.
    for (const times of [1, 2]) {
      await lab.closeOwners();
      await following.stderr.holds('no owner lives', times);
      await lab.run('submit', 'y', '--share-workspace');
      await following.stderr.holds('an owner is back', times);
    }
    gate.resolve();
    const { code, stderr } = await following.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('runtime serve --detach starts one');
    expect(stderr.match(/no owner lives|an owner is back/g)).toEqual([
      'no owner lives',
      'an owner is back',
      'no owner lives',
      'an owner is back',
    ]);
  },
);

describe('runtime wait', () => {
  const talking = () =>
    Lab.open(({ text }) =>
      text === 'bad' ? [{ do: 'end', outcome: { status: 'failed', code: 'refusal' } }] : [{ do: 'say', text: 'fine' }],
    );

  it('waits for all, says how each ended, and exits with 1 when one did not succeed', async () => {
    await using lab = await talking();
    const submit = async (text: string) =>
      (await lab.run('submit', text, '--share-workspace', '--retries', '0')).stdout.trim();
    const [good, bad] = [await submit('good'), await submit('bad')];
    const both = await lab.run('wait', good, bad);
    expect(both.code).toBe(1);
    expect(both.stdout).toContain(`${shortId(good)}  succeeded\n`);
    expect(both.stdout).toContain(`${shortId(bad)}  failed (refusal)`);
    expect(await lab.run('wait', good, '-q')).toMatchObject({ code: 0, stdout: '' });
    expect((await lab.run('wait', good, good, '--json')).json()).toMatchObject([{ taskId: good }]);
  });

  it('ends with the first one with --any, and with 124 when its time is over', async () => {
    const gate = Promise.withResolvers<void>();
    await using lab = await Lab.open(({ text }) => (text === 'slow' ? [{ do: 'gate', until: gate.promise }] : []));
    const slow = (await lab.run('submit', 'slow', '--share-workspace')).stdout.trim();
    const fast = (await lab.run('submit', 'fast', '--share-workspace')).stdout.trim();
    expect(await lab.run('wait', '--any', slow, fast)).toMatchObject({
      code: 0,
      stdout: `${shortId(fast)}  succeeded\n`,
    });
    const late = await lab.run('wait', slow, fast, '--timeout', '20ms');
    expect(late).toMatchObject({
      code: 124,
      stderr: expect.stringContaining(`not ended within 20ms: ${shortId(slow)}`),
    });
    gate.resolve();
    expect((await lab.run('wait', slow)).code).toBe(0);
  });

  it('is interrupted by Ctrl-C, and the task goes on', async () => {
    const { gate, open } = gated();
    await using lab = await open();
    const id = (await lab.run('submit', 'x')).stdout.trim();
    const waiting = lab.start(['wait', id]);
    waiting.signal('SIGINT');
    expect((await waiting.ended).code).toBe(130);
    gate.resolve();
    expect((await lab.run('wait', id)).code).toBe(0);
  });
});

describe('runtime list', () => {
  it('selects by workspace and label, and prints ids alone with -q, under its other names, too', async () => {
    await using lab = await Lab.open();
    const labelled = (await lab.run('submit', 'x', '--label', 'team=web', '--label', 'k=a=b')).stdout.trim();
    await lab.run('wait', labelled);
    const elsewhere = (await lab.start(['submit', 'y'], { cwd: lab.root }).ended).stdout.trim();
    await lab.run('wait', elsewhere);
    expect((await lab.run('ls', '-q')).stdout).toBe(`${elsewhere}\n${labelled}\n`);
    expect((await lab.run('ps', '-q', '--workspace', '.')).stdout).toBe(`${labelled}\n`);
    expect((await lab.run('list', '-q', '--label', 'k=a=b')).stdout).toBe(`${labelled}\n`);
    expect((await lab.run('list', '--label', 'team=app')).stdout).toBe('no task is like that\n');
    expect((await lab.run('list')).stdout).toContain('x  team=web k=a=b');
  });

  it.each([
    ['list', '--workspace'],
    ['run', '--workspace'],
    ['submit', '--workspace'],
    ['submit', '--prompt-file'],
    ['submit', '--env-from'],
    ['steer', '--prompt-file'],
    ['submit', '--config'],
  ])('an empty path is refused by %s %s: it comes from a variable that is not set', async (command, option) => {
    await using lab = await Lab.open();
    const words = command === 'list' ? [] : ['x'];
    const { code, stderr } = await lab.run(command, ...words, option, '');
    expect([code, stderr]).toEqual([2, expect.stringMatching(new RegExp(`${option}.* is empty`))]);
    expect((await lab.run('list', '-q')).stdout.trim()).toBe('');
  });

  it('cuts nothing where stdout is no terminal', async () => {
    const gate = Promise.withResolvers<void>();
    await using lab = await Lab.open(() => [{ do: 'gate', until: gate.promise }]);
    const first = (await lab.run('submit', 'a')).stdout.trim();
    const title = `b ${'word '.repeat(20)}end`;
    await lab.run('submit', title, '--label', `long=${'x'.repeat(200)}y`);
    // Before that it waits for the runtime to say what it can.
    while (!(await lab.run('list', '--json')).stdout.includes('works in'));
    const piped = new Sink();
    piped.columns = 40;
    await lab.start(['list'], { stdout: piped }).ended;
    expect(piped.text).toContain(`waits: task ${shortId(first)} works in ${lab.workspace}\n`);
    expect(piped.text).toContain('word end  long=');
    const screen = new Sink(true);
    screen.columns = 40;
    await lab.start(['list'], { stdout: screen }).ended;
    expect(screen.text).toContain('…');
    gate.resolve();
    await lab.run('wait', 'last');
    const logs = await lab.run('logs', 'last');
    expect(logs.stdout).toContain('word end');
    expect(logs.stdout).not.toContain('…');
  });

  it('shows the runtimes that a queued task asks for, and what it waits for', async () => {
    const gate = Promise.withResolvers<void>();
    await using lab = await Lab.open();
    lab.use(
      memoryRuntime({ id: 'one', script: () => [{ do: 'gate', until: gate.promise }] }),
      memoryRuntime({ id: 'two' }),
    );
    const first = (await lab.run('submit', 'first', '--on', 'one')).stdout.trim();
    const second = (await lab.run('submit', 'second', '--on', 'two,one')).stdout.trim();
    const { stdout } = await lab.run('list');
    expect(stdout).toMatch(new RegExp(`${shortId(second)} +queued +two,one .*second\\n {2}\\S+`));
    gate.resolve();
    await lab.run('wait', first, second);
  });
});
