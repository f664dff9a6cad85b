// The two commands of the README, on a machine with Node >= 18 and npm: installs, builds and runs one of the tasks below.
// What the machine lacks (a newer Node, pnpm) is borrowed through npx; a machine that has both is used as it is.
import { spawn, spawnSync } from 'node:child_process';
import { constants, tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [task = '', ...rest] = process.argv.slice(2);
const args = rest[0] === '--' ? rest.slice(1) : rest;
const windows = process.platform === 'win32';

const install = ['pnpm', 'install', '--frozen-lockfile', '--config.confirm-modules-purge=false'];
/** 128 + n once signal n came. */
let interrupted;

/** Each step is a list of commands that run side by side. */
const tasks = {
  test: [[install], [['pnpm', 'exec', 'turbo', 'run', 'build']], [['pnpm', 'exec', 'vitest', 'run', ...args]]],
  quickstart: [
    [install],
    [
      ['pnpm', 'exec', 'turbo', 'run', 'build', '--filter=example-quickstart^...'],
      // Pi is 150 MB: only who needs it installs it. Its version is pinned where its own tests live.
      ...(args.includes('--live') ? [] : [[...install, '--dir', 'e2e/pi', '--reporter=silent']]),
    ],
    [['node', 'examples/quickstart/src/main.ts', ...args]],
  ],
};

async function main() {
  if (task === 'path') {
    // For scripts that go on with what these commands use.
    process.stdout.write(borrowed(missingTools()) ?? process.env['PATH'] ?? '');
    return 0;
  }
  const steps = tasks[task];
  if (!steps) {
    process.stderr.write(
      `usage: node scripts/bootstrap.mjs <${[...Object.keys(tasks), 'path'].join('|')}> [arguments]\n`,
    );
    return 2;
  }
  const env = {
    ...process.env,
    PATH: borrowed(missingTools()) ?? process.env['PATH'],
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  };
  for (const commands of steps) {
    const codes = await Promise.all(commands.map((command) => run(command, env)));
    // A step may take a signal for a good reason to end with 0: the steps after it do not follow all the same.
    const failed = interrupted ?? codes.find((code) => code !== 0);
    if (failed !== undefined) return failed;
  }
  return 0;
}

/** The npm packages of which this machine has nothing new enough. */
function missingTools() {
  const missing = [];
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = (major === 22 && minor >= 19) || (major === 24 && minor >= 11) || major >= 26;
  if (!fits) missing.push('node@24');
  // Not in the repository: an older pnpm would try to replace itself by the pinned one.
  const pnpm = spawnSync('pnpm', ['--version'], { cwd: tmpdir(), encoding: 'utf8', timeout: 20_000, shell: windows });
  if (pnpm.status !== 0 || Number.parseInt(pnpm.stdout, 10) < 11) missing.push('pnpm@12');
  return missing;
}

/** A PATH with these packages on it, kept in npm's own cache; undefined when none is missing. npx is gone once the path is known, so signals reach the task. */
function borrowed(packages) {
  if (packages.length === 0) return undefined;
  process.stderr.write(
    `Borrowing ${packages.join(' and ')} through npx (kept in npm's cache, nothing is installed globally).\n`,
  );
  const show = ['node', '-e', 'process.stdout.write(process.env.PATH)'];
  const npx = spawnSync('npx', ['--yes', ...packages.flatMap((name) => ['-p', name]), '--', ...show], {
    cwd: tmpdir(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: windows,
    env: { ...process.env, npm_config_update_notifier: 'false', npm_config_fund: 'false', npm_config_audit: 'false' },
  });
  if (npx.status === 0 && npx.stdout) return npx.stdout;
  throw new Error(
    `npx could not fetch ${packages.join(' and ')}. Install Node 24 and pnpm 12 by hand, then try again.`,
  );
}

/** Runs one command with our own streams. Resolves with its exit code, 128 + n for signal n, as a shell has it. */
function run([program, ...rest], env) {
  return new Promise((resolve) => {
    const child = spawn(program, rest, { cwd: root, env, stdio: 'inherit', shell: windows });
    const forward = (signal) => {
      interrupted = 128 + constants.signals[signal];
      // Ctrl-C at a terminal has reached the child already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    child.once('error', (error) => {
      process.stderr.write(`${program} could not be started: ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + (constants.signals[signal ?? 'SIGKILL'] ?? 9));
    });
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
