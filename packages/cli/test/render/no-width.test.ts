import { describe, expect, it } from 'vitest';
import { Lab, Sink } from '../support/lab.ts';

/** A terminal that does not know how wide it is says 0: under `script`, in some containers and editors. */
const narrowest = (): Sink => Object.assign(new Sink(true), { columns: 0 });

describe('on a terminal of 0 columns', () => {
  it.each([
    [['list'], /STATUS[^]*a title to be read/],
    [['status', 'last'], /a title to be read/],
    [['events', 'last'], /task\.submitted/],
    [['run', '--help'], /submit a task and watch it until it ends/],
    [[], /^ {2}run +submit a task|run \[prompt\] +submit/m],
    [['help'], / {2}run \[prompt\] +submit a task/],
  ])('%j is as wide as usual', async (args, shown) => {
    await using lab = await Lab.open();
    await lab.run('run', 'x', '--title', 'a title to be read');
    const stdout = narrowest();
    const stderr = narrowest();
    await lab.start(args, { stdout, stderr }).ended;
    expect(stdout.text).toMatch(shown);
    expect(stdout.text).not.toMatch(/^…$/m);
  });

  it('notes are not cut into words', async () => {
    await using lab = await Lab.open();
    const stderr = narrowest();
    await lab.start(['status', 'nope'], { stderr }).ended;
    expect(stderr.text).toContain('runtime run "<prompt>" starts the first task');
  });
});
