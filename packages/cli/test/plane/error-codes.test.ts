import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentRuntimeError, errorCodeSchema, type ControlPlane, type ErrorData } from '@runtime/contracts';
import { describe, expect, it, vi } from 'vitest';
import { exitCodeOf } from '../../src/exit-codes.ts';
import type { CliDependencies } from '../../src/host/dependencies.ts';
import { nodePlanes } from '../../src/host/node-planes.ts';
import { endProcess, ProcessLab } from '../support/process-lab.ts';
import { Lab } from '../support/lab.ts';

vi.setConfig({ testTimeout: 60_000 });

type Overrides = (error: AgentRuntimeError) => Partial<CliDependencies>;

const planes = nodePlanes();
/** An owner that was started, and ended with this error, which it has told. */
const startedInVain: Overrides = (error) => ({
  startOwner: () =>
    Promise.resolve({
      pid: 1,
      exitCode: () => exitCodeOf(error),
      failure: () => Promise.resolve(error),
      logTail: () => Promise.resolve('not this'),
      logPath: 'owner.log',
    }),
});
const opensInVain: Overrides = (error) => ({ planes: { ...planes, open: () => Promise.reject(error) } });
const answersWith: Overrides = (error) => ({
  planes: {
    ...planes,
    async connect() {
      const plane: Partial<ControlPlane> = { tasks: () => Promise.reject(error), close: () => Promise.resolve() };
      return plane as ControlPlane;
    },
  },
});

describe.each(errorCodeSchema.options)('an error %s', (code) => {
  it.each([
    ['of an owner that is asked', 'list', answersWith],
    ['of an owner in this process', 'serve', opensInVain],
    ['of an owner that was started in vain', 'submit x', startedInVain],
  ] as const)('%s is printed as it is, with its own exit code', async (_whose, line, overrides) => {
    await using lab = await Lab.open();
    const error = new AgentRuntimeError(code, 'why it failed', { hint: 'what to do', details: { a: 1 } });
    const told: ErrorData[] = [];
    const given = { ...overrides(error), tellStarter: (data: ErrorData) => void told.push(data) };
    const text = await lab.start(line.split(' '), given).ended;
    expect(text).toMatchObject({ code: exitCodeOf(error), stdout: '' });
    expect(text.stderr).toBe(`error why it failed [${code}]\nhint  what to do\n`);
    const json = await lab.start([...line.split(' '), '--json'], given).ended;
    expect(json).toMatchObject({ code: exitCodeOf(error), stderr: '' });
    expect(json.json()).toEqual({ error: error.toData() });
    expect(told).toEqual([error.toData(), error.toData()]);
  });
});

describe.skipIf(process.platform !== 'linux')('an owner that is started', () => {
  it('with a damaged log tells the command so, in both forms', async () => {
    await using lab = await ProcessLab.open('memory-main');
    await lab.start('run', 'one');
    await endProcess((await lab.ownerPid()) ?? 0);
    const log = join(lab.dataDir, 'log');
    for (const name of await readdir(log)) if (name.endsWith('.jsonl')) await writeFile(join(log, name), '{}\n{}\n');
    const text = await lab.start('submit', 'two');
    expect(text).toMatchObject({ exitCode: 1, stdout: '' });
    expect(text.stderr).toMatch(/^error .*\[DATA_CORRUPT\]\nhint {2}.+\n$/);
    const json = await lab.start('submit', 'two', '--json');
    expect(json).toMatchObject({ exitCode: 1, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'DATA_CORRUPT', hint: expect.any(String) } });
  });

  it('where no lock can be had says so at once', async () => {
    await using lab = await ProcessLab.open('memory-main');
    await mkdir(join(lab.dataDir, 'lock.db'), { recursive: true, mode: 0o700 });
    const { exitCode, stderr } = await lab.start('submit', 'one');
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^error cannot lock .* a directory \[UNAVAILABLE\]\nhint {2}move it away/);
  });
});
