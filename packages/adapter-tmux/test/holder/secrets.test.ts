import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { attachCommand } from '../../src/index.ts';
import { Stage, eventually, readAll, shown } from '../support/stage.ts';

const run = promisify(execFile);
const secret = 'sk-VerySecret-41f1';

async function argumentLists(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')))).join('\n');
}

test('a secret is in no argument list, not even for a moment, in no tmux environment and in no event', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('go', { env: { API_KEY: secret }, secrets: [secret] });
  const watching = { on: true };
  const seen: string[] = [];
  const watcher = (async () => {
    while (watching.on) seen.push(await argumentLists());
  })();
  const session = await stage.start(
    { command: ['bash', '-c', 'echo "key=$API_KEY"; until [ -e go ]; do sleep 0.05; done', '{prompt}'] },
    launch,
  );
  await eventually('it is shown', async () =>
    (await readFile(join(launch.handle.runDir, 'out.raw'), 'utf8')).includes(secret),
  );
  const [tmux = '', , , socket = ''] = attachCommand(launch.handle);
  for (const scope of [['-g'], ['-t', `=${attachCommand(launch.handle).at(-1)?.slice(1)}`]]) {
    const { stdout } = await run(tmux, ['-S', socket, 'show-environment', ...scope]);
    expect(stdout).not.toContain(secret);
  }
  watching.on = false;
  await watcher;
  expect(
    seen.some((text) => text.includes('until [ -e go ]')),
    'the agent was seen',
  ).toBe(true);
  expect(seen.some((text) => text.includes(secret))).toBe(false);
  await run('touch', [join(launch.workspace, 'go')]);
  const events = await readAll(session);
  expect(JSON.stringify(events)).not.toContain(secret);
  expect(shown(events)).toContain('key=***');
});

test('files of a run are for its owner alone, and the environment is gone once it was read', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('true', 'go', { env: { API_KEY: secret } });
  await readAll(session);
  for (const name of await readdir(handle.runDir)) {
    const { mode } = await stat(join(handle.runDir, name));
    expect(mode & 0o077, name).toBe(0);
  }
  expect(await readdir(handle.runDir)).not.toContain('environment.nul');
});

test('the agent has its terminal, its environment and nothing of tmux or of ours', async () => {
  await using stage = await Stage.open();
  process.env['TMUX_TEST_LEAK'] = 'of the host';
  const script =
    'ls /proc/$$/fd >list; echo $(<list); compgen -e | sort | tr "\\n" " "; echo; ps -o pgid=,tpgid= -p $$; umask; echo "$name-$arguments"';
  try {
    const { session } = await stage.bash(script, 'go', {
      env: { name: 'a', arguments: 'b c', item: 'd', run: 'e', UID: '5' },
    });
    const [fds = '', ...lines] = shown(await readAll(session))
      .trim()
      .split('\n');
    expect(fds, 'open files').toBe('0 1 2');
    const names = lines[0]?.trim().split(' ');
    expect(names).toEqual(
      ['HOME', 'PATH', 'PWD', 'RUNTIME_RUN_ID', 'SHLVL', 'TERM', 'arguments', 'item', 'name', 'run'].toSorted(),
    );
    const [pgid, tpgid] = lines[1]?.trim().split(/\s+/) ?? [];
    expect(tpgid, 'the foreground group of the terminal').toBe(pgid);
    expect(Number.parseInt(lines[2] ?? '', 8)).toBe(process.umask());
    expect(lines[3]).toBe('a-b c');
  } finally {
    delete process.env['TMUX_TEST_LEAK'];
  }
});

test('an agent that is no shell gets its environment as it was given, and its directory in PWD', async () => {
  await using stage = await Stage.open();
  // What bash makes up by itself, unless it is told not to.
  const own = 'RANDOM SRANDOM SECONDS EPOCHSECONDS LINENO HISTCMD BASH_COMMAND BASH_SUBSHELL BASH_ARGV0 DIRSTACK'.split(
    ' ',
  );
  const env = Object.fromEntries(own.map((name) => [name, `the agent's ${name}`]));
  const launch = await stage.launch('go', { env });
  const file = join(stage.dir, 'seen');
  const print = `require('fs').writeFileSync(process.argv[1], JSON.stringify(process.env))`;
  const session = await stage.start({ command: [process.execPath, '-e', print, file, '{prompt}'] }, launch);
  await readAll(session);
  const { TERM: _, ...seen } = JSON.parse(await readFile(file, 'utf8'));
  expect(seen).toEqual({ ...launch.env, PWD: launch.workspace });
});
