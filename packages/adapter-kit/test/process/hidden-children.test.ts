import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cgroupMount, isAlive, readIdentity, type ProcessIdentity } from '../../src/process/index.ts';
import { runPaths, stopRun } from '../../src/run/index.ts';
import { mayHaveCgroups } from '../support/cgroups.ts';
import { eventually, testRun, type TestRun } from '../support/run.ts';

/** Ways to hide, each with each other. */
const ways = ['env', 'setsid', 'nohup', 'fork'] as const;
type Way = (typeof ways)[number];

const combinations: readonly (readonly Way[])[] = Array.from({ length: 2 ** ways.length }, (_, bits) =>
  ways.filter((_way, index) => (bits & (1 << index)) !== 0),
);
const nameOf = (hidden: readonly Way[]): string => `child.${hidden.join('-')}`;

/** A child that hides in these ways, and writes its pid once it does. */
function child(hidden: readonly Way[], output = ''): string {
  const has = (way: Way): boolean => hidden.includes(way);
  let command = `sh -c 'echo $$ >${nameOf(hidden)}; exec sleep 1000'${output}`;
  if (has('env')) command = `env -i PATH="$PATH" ${command}`;
  if (has('nohup')) command = `nohup ${command}`;
  if (has('setsid')) command = `setsid ${command}`;
  return has('fork') ? `( ${command} & )` : `${command} &`;
}

/** Once all of them run under their last name. */
async function childrenOf(run: TestRun, which: readonly (readonly Way[])[]): Promise<Map<string, ProcessIdentity>> {
  const found = new Map<string, ProcessIdentity>();
  for (const hidden of which) {
    const identity = await eventually(async () => {
      const pid = Number(await run.read(nameOf(hidden)).catch(() => '0'));
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return name === 'sleep\n' && readIdentity(pid);
    });
    found.set(nameOf(hidden), identity);
  }
  return found;
}

async function living(children: ReadonlyMap<string, ProcessIdentity>): Promise<string[]> {
  const names: string[] = [];
  for (const [name, identity] of children) if (await isAlive(identity)) names.push(name);
  return names;
}

/** Without a cgroup nothing proves that these are the run's. */
const unproven = combinations.filter((hidden) => hidden.includes('env') && hidden.includes('setsid'));

const everyChild = combinations.map((hidden) => child(hidden)).join('\n');
const ends = { 'an agent that ended before them': 'exit 0', 'an agent that is stopped': 'wait; sleep 1000' };

describe.each(Object.entries(ends))('children hidden with env -i, setsid, nohup and double forks, of %s', (_, end) => {
  const script = `${everyChild}\n[ -n "$WAIT" ] && while [ "$(ls child.* | wc -l)" -lt ${combinations.length} ]; do sleep 0.05; done\n${end}`;

  it.runIf(mayHaveCgroups)('are all ended where the agent may have a cgroup', async () => {
    await using run = await testRun();
    await run.sh(script, { env: { PATH: process.env['PATH'] ?? '', WAIT: 'yes' } });
    const children = await childrenOf(run, combinations);
    const exit = await stopRun(run.handle, { graceMs: 1000 });
    expect(await living(children)).toEqual([]);
    expect(exit).not.toHaveProperty('leaked');
    const cgroup = (await run.read('cgroup')).trim();
    await expect(readFile(path.join(cgroup, 'cgroup.procs'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('are ended without one where the session proves them, and named where nothing does', async () => {
    await using run = await testRun();
    await run.sh(script, { cgroup: false, env: { PATH: process.env['PATH'] ?? '', WAIT: 'yes' } });
    const children = await childrenOf(run, combinations);
    try {
      const exit = await stopRun(run.handle, { graceMs: 1000 });
      expect((await living(children)).toSorted()).toEqual(unproven.map(nameOf).toSorted());
      const named = (exit.leaked ?? []).map(({ pid, command }) => `${pid} ${command}`).toSorted();
      const left = unproven.map((hidden) => `${children.get(nameOf(hidden))?.pid} sleep`).toSorted();
      expect(named).toEqual(left);
    } finally {
      for (const identity of children.values()) if (await isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
    }
  });
});

describe('a child that writes nowhere', () => {
  it('is named while its parent is the stopped agent', async () => {
    await using run = await testRun();
    await run.sh(`${child(['env', 'setsid'], ' >/dev/null 2>&1')}\nsleep 1000`, { cgroup: false });
    const children = await childrenOf(run, [['env', 'setsid']]);
    const [identity] = children.values();
    try {
      const exit = await stopRun(run.handle, { graceMs: 1000 });
      expect(exit.leaked).toEqual([{ pid: identity?.pid, command: 'sleep' }]);
    } finally {
      if (identity) process.kill(identity.pid, 'SIGKILL');
    }
  });
});

describe.runIf(mayHaveCgroups)('a run that an agent started', () => {
  it('lives on when the agent is stopped, in a cgroup of its own beside it', async () => {
    await using outer = await testRun();
    await using inner = await testRun();
    const script = new URL('../support/start-and-wait.ts', import.meta.url).pathname;
    const command = `exec "$NODE" --conditions=@runtime/source "$SCRIPT" "$HANDLE"`;
    await outer.sh(command, {
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE: process.execPath,
        SCRIPT: script,
        HANDLE: JSON.stringify(inner.handle),
        AGENT: 'sleep 1000',
      },
    });
    await eventually(async () => (await outer.read('stdout.log')).includes('started'));
    await stopRun(outer.handle, { graceMs: 1000 });
    expect(path.dirname(await inner.read('cgroup'))).toBe(path.dirname(await outer.read('cgroup')));
    const record: unknown = JSON.parse(await readFile(runPaths(inner.dir).holder, 'utf8'));
    expect(record).toMatchObject({ runId: inner.handle.runId });
    expect((await stopRun(inner.handle, { graceMs: 1000 })).kind).toBe('signaled');
  });
});

describe.runIf(mayHaveCgroups)('what the run directory says of a cgroup', () => {
  it('is not believed when it names another one', async () => {
    await using run = await testRun();
    const bystander = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const [, own = ''] = /^0::(.*)$/m.exec(await readFile('/proc/self/cgroup', 'latin1')) ?? [];
    const other = path.join((await cgroupMount()) ?? '', own, `other-${run.handle.runId}`);
    await mkdir(other);
    try {
      await writeFile(path.join(other, 'cgroup.procs'), String(bystander.pid));
      await run.sh('echo "$OTHER" >cgroup; echo up; exec sleep 1000', {
        env: { PATH: process.env['PATH'] ?? '', OTHER: other },
        cgroup: false,
      });
      await eventually(async () => (await run.read('stdout.log')).includes('up'));
      expect((await stopRun(run.handle, { graceMs: 1000 })).kind).toBe('signaled');
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
      expect(await isAlive(await identityOf(bystander.pid))).toBe(true);
    } finally {
      bystander.kill('SIGKILL');
      await once(bystander, 'exit');
      await rmdir(other);
    }
  });
});

async function identityOf(pid: number | undefined): Promise<ProcessIdentity> {
  const found = await readIdentity(pid ?? 0);
  if (!found) throw new Error('it is gone');
  return found;
}
