import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { taskViewSchema, type ControlPlane } from '@runtime/contracts';
import { openControlPlane } from '@runtime/control-plane';
import { describe, expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';

/** A lab whose data directory is owned by a program with runtimes of its own, as a plugin of a host is. */
async function openHosted() {
  const lab = await Lab.open();
  const adapter = memoryRuntime({
    id: 'of-the-host',
    script: ({ launch }) => [{ do: 'say', text: `K is ${launch.env['K'] ?? 'unset'}\n` }],
  });
  const plane: ControlPlane = await openControlPlane({
    dataDir: lab.dataDir,
    adapters: [adapter],
    environment: { K: 'of the host' },
  });
  return {
    lab,
    plane,
    async [Symbol.asyncDispose]() {
      await plane.close();
      await lab[Symbol.asyncDispose]();
    },
  };
}

describe('a plane whose program brings its own runtimes', () => {
  it('runs tasks on these, whatever is configured here', async () => {
    await using hosted = await openHosted();
    const { lab } = hosted;
    expect((await lab.run('runtimes', '--json')).json()).toMatchObject([{ id: 'of-the-host' }]);
    expect((await lab.run('run', '-q', 'x')).stdout).toBe('K is unset\n');
    expect((await lab.run('run', '-q', 'x', '--on', 'of-the-host')).stdout).toBe('K is unset\n');
    const unknown = await lab.run('run', 'x', '--on', 'memory');
    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining('configured: of-the-host')]);
    expect(lab.started).toBe(0);
  });

  it('gets the variables that are passed by name, with their values in this shell and out of the log', async () => {
    await using hosted = await openHosted();
    const { lab, plane } = hosted;
    const env = { PATH: '/usr/bin:/bin', K: 'of the shell' };
    const ran = lab.start(['run', '-q', 'x', '--env-pass', 'K'], { env });
    expect((await ran.ended).stdout).toBe('K is of the shell\n');
    const unset = await lab.run('run', '-q', 'x', '--env-pass', 'K');
    expect([unset.stdout, unset.stderr]).toEqual([
      'K is unset\n',
      expect.stringContaining('K is not set in this shell'),
    ]);
    const texts: string[] = [];
    for await (const event of plane.events({ follow: false }))
      if (event.type === 'task.submitted') texts.push(JSON.stringify(event));
    expect(texts).toHaveLength(2);
    expect(texts.join('\n')).not.toContain('of the shell');
  });

  it('does a task again that was submitted to it', async () => {
    await using hosted = await openHosted();
    const { lab } = hosted;
    const [first] = (await lab.run('submit', 'x', '--json')).records().map((view) => taskViewSchema.parse(view));
    await lab.run('wait', first?.id ?? '');
    const again = await lab.run('requeue', first?.id ?? '');
    expect([again.code, again.stderr]).toEqual([0, '']);
  });
});
