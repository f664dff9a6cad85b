import { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { nodeDependencies } from '../../src/host/node-dependencies.ts';
import { registerCommands } from '../../src/register-commands.ts';
import { ProcessLab } from '../support/process-lab.ts';

vi.setConfig({ testTimeout: 60_000 });

const lookSchema = z.looseObject({ touched: z.array(z.string()) });
const toldSchema = z.object({ before: lookSchema, after: lookSchema, later: lookSchema });

/** Fails at whatever is done with it. */
const untouchable = (what: string) => {
  const fail = (): never => {
    throw new Error(`${what} is touched`);
  };
  return new Proxy(fail, { get: fail, set: fail, has: fail, ownKeys: fail, apply: fail });
};

describe('before a command is called', () => {
  it('the commands use nothing of the outside', () => {
    const names = Object.keys(nodeDependencies());
    const deps = { ...nodeDependencies(), ...Object.fromEntries(names.map((name) => [name, untouchable(name)])) };
    const host = new Command('host');
    registerCommands(host, deps, { commands: ['list'] });
    registerCommands(host.command('agents'), deps);
    expect(host.helpInformation()).toContain('agents');
  });
});

describe('the dependencies of a process', () => {
  it('open, start, touch and listen to nothing before a command is called', async () => {
    await using lab = await ProcessLab.open('untouched-main');
    const { stdout, stderr } = await lab.start();
    expect(stderr).toBe('');
    const [listed, told = ''] = stdout.split('\n');
    expect(listed).toBe('[]');
    const { before, after, later } = toldSchema.parse(JSON.parse(told));
    expect(after).toEqual(before);
    expect(later.touched.length).toBeGreaterThan(after.touched.length);
  });
});
