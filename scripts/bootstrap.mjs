// The two commands of the README, on a machine with Node >= 18 and npm: installs what one of the tasks needs, and runs it.
// What the machine lacks (a newer Node, pnpm) is borrowed through npx; a machine that has both is used as it is.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runShown, runStep } from './progress.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [task = '', ...rest] = process.argv.slice(2);
const args = rest[0] === '--' ? rest.slice(1) : rest;
const windows = process.platform === 'win32';

const install = ['pnpm', 'install', '--frozen-lockfile', '--config.confirm-modules-purge=false'];
/** 128 + n once signal n came. */
let interrupted;

/** The tools for everything are here already: a smaller installation would take some of them away. */
const isWhole = existsSync(join(root, 'node_modules', 'turbo'));
/** The show runs from sources, so it needs neither a build nor what a build needs. */
const installShow = isWhole ? install : [...install, '--prod', '--filter', 'example-quickstart...'];
// Pi is 150 MB: only who needs it installs it. Its version is pinned where its own tests live.
const installPi = [...install, '--dir', 'e2e/pi', '--prod', '--reporter=silent'];

/** Each step is a list of commands that run side by side. A step with a title shows how long it takes, the others write themselves. */
const tasks = {
  test: [
    { commands: [install] },
    { commands: [['pnpm', 'exec', 'turbo', 'run', 'build']] },
    { commands: [['pnpm', 'exec', 'vitest', 'run', ...args]] },
  ],
  quickstart: [
    { title: 'Installing what the show needs', commands: [installShow] },
    ...(args.includes('--live') ? [] : [{ title: 'Installing Pi, for this repository only', commands: [installPi] }]),
    { commands: [['node', '--conditions=@runtime/source', 'examples/quickstart/src/main.ts', ...args]] },
  ],
};

async function main() {
  if (task === 'path') {
    // For scripts that go on with what these commands use.
    process.stdout.write((await borrowed(missingTools())) ?? process.env['PATH'] ?? '');
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
    PATH: (await borrowed(missingTools())) ?? process.env['PATH'],
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  };
  for (const { title, commands } of steps) {
    const codes = title
      ? [await runStep({ title, commands }, { cwd: root, env, shell: windows })]
      : await Promise.all(commands.map((command) => run(command, env)));
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
  // Node 22 cannot parse `using`, which the sources hold: the quickstart runs them as they are.
  const runsSources = task !== 'quickstart' && major === 22 && minor >= 19;
  const fits = runsSources || (major === 24 && minor >= 11) || major >= 26;
  if (!fits) missing.push('node@24');
  // Not in the repository: an older pnpm would try to replace itself by the pinned one.
  const pnpm = spawnSync('pnpm', ['--version'], { cwd: tmpdir(), encoding: 'utf8', timeout: 20_000, shell: windows });
  if (pnpm.status !== 0 || Number.parseInt(pnpm.stdout, 10) < 11) missing.push('pnpm@12');
  return missing;
}

/** A PATH with these packages on it, kept in npm's own cache; undefined when none is missing. npx is gone once the path is known, so signals reach the task. */
async function borrowed(packages) {
  if (packages.length === 0) return undefined;
  const title = `Borrowing ${packages.join(' and ')} through npx (kept in npm's cache, nothing is installed globally)`;
  const show = ['node', '-e', 'process.stdout.write(process.env.PATH)'];
  const npx = ['npx', '--yes', ...packages.flatMap((name) => ['-p', name]), '--', ...show];
  const env = { npm_config_update_notifier: 'false', npm_config_fund: 'false', npm_config_audit: 'false' };
  const { code, stdout } = await runShown(
    { title, commands: [npx] },
    { cwd: tmpdir(), env: { ...process.env, ...env }, shell: windows },
  );
  if (code === 0 && stdout) return stdout;
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
