// What people see of a step that takes a while: what it does, for how long already, and its output only if it fails.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const keptBytes = 64 * 1024;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** @typedef {{ title: string, commands: string[][] }} Step */
/** @typedef {{ isTTY?: boolean, write(text: string): unknown }} Screen */
/** @typedef {{ cwd: string, env: Record<string, string | undefined>, shell?: boolean, stream?: Screen, everyMs?: number }} StepOptions */

/**
 * Runs the commands of one step side by side. Resolves with the first exit code that is not 0, 128 + n for signal n.
 * The line with the time is drawn again and again on a terminal, and written now and then elsewhere.
 * @param {Step} step
 * @param {StepOptions} options
 */
export async function runStep(step, options) {
  return (await runShown(step, options)).code;
}

/**
 * As `runStep`, with what the commands wrote to stdout.
 * @param {Step} step
 * @param {StepOptions} options
 */
export async function runShown({ title, commands }, { cwd, env, shell, stream = process.stderr, everyMs }) {
  const startedAt = performance.now();
  const seconds = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  const moves = stream.isTTY && env.TERM !== 'dumb';
  const draw = (text, end = '') => stream.write(moves ? `\r\u001B[K${text}${end}` : `${text}\n`);
  draw(moves ? `${title}: 0 s` : `${title} ...`);
  const timer = setInterval(() => draw(`${title}: ${seconds()}`), everyMs ?? (moves ? 1000 : 10_000));
  try {
    const results = await Promise.all(commands.map((command) => runQuietly(command, { cwd, env, shell })));
    const failed = results.find(({ code }) => code !== 0);
    draw(failed ? `${title}: failed after ${seconds()}` : `${title}: done in ${seconds()}`, '\n');
    if (failed && failed.code < 128) stream.write(`${failed.output.trimEnd()}\n`);
    return { code: failed?.code ?? 0, stdout: results.map(({ stdout }) => stdout).join('') };
  } finally {
    clearInterval(timer);
  }
}

/** Runs one command and keeps the end of what it writes. */
function runQuietly([program, ...args], { cwd, env, shell }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let stdout = '';
    const keep = (text) => (output = (output + text).slice(-keptBytes));
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
    child.stdout.on('data', (text) => (stdout = (stdout + text).slice(-keptBytes)));
    let interrupted;
    const forward = (signal) => {
      interrupted = 128 + constants.signals[signal];
      // Ctrl-C at a terminal has reached the child already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of signals) process.on(signal, forward);
    const finish = (code) => {
      for (const signal of signals) process.off(signal, forward);
      resolve({ code: interrupted ?? code, output, stdout });
    };
    child.once('error', (error) => {
      keep(`${program} could not be started: ${error.message}\n`);
      finish(127);
    });
    child.once('close', (code, signal) => finish(code ?? 128 + (constants.signals[signal ?? 'SIGKILL'] ?? 9)));
  });
}
