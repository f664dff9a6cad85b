import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { AgentRuntimeError } from '@runtime/contracts';
import envPaths from 'env-paths';
import { createAdapters } from '../config/adapters.ts';
import type { CliDependencies } from './dependencies.ts';
import { nodeMachine } from '../doctor/node-machine.ts';
import { exitCodes } from '../exit-codes.ts';
import { nodePlanes } from './node-planes.ts';
import { startOwner } from '../owner/start-owner.ts';
import { version } from '../version.ts';

/** This process: its streams, its environment, the real planes and adapters. `detachWindowMs` and the like may be replaced by spreading. */
export function nodeDependencies(): CliDependencies {
  // The same module whether it is read from sources or from the bundle.
  const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : './main.js', import.meta.url));
  const paths = envPaths('runtime', { suffix: '' });
  return {
    version,
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    // On Linux `log` is the state directory: $XDG_STATE_HOME, else ~/.local/state.
    defaultDataDir: process.platform === 'linux' ? paths.log : paths.data,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    brokenPipe: watchForBrokenPipe(),
    planes: nodePlanes(),
    adapters: createAdapters,
    startOwner: (options) =>
      startOwner(options, { execPath: process.execPath, execArgv: process.execArgv, entry }, process.env),
    onSignal(names, listener) {
      for (const name of names) process.on(name, listener);
      return () => {
        for (const name of names) process.off(name, listener);
      };
    },
    ask,
    runOnTerminal,
    machine: nodeMachine(),
    exit: (code) => {
      // Not process.exit: what is still in the pipes must get out. Unless somebody wants to go, and the pipe may be the reason.
      process.exitCode = code;
      if (code === exitCodes.interrupted) process.exit();
    },
  };
}

/** A reader that has gone, as `head` does, is no error; every other failure of stdout is. */
function watchForBrokenPipe(): AbortSignal {
  const broken = new AbortController();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') {
        if (stream === process.stdout) process.stderr.write(`error cannot write to stdout: ${error.message}\n`);
        process.exit(exitCodes.failed);
      }
      if (stream === process.stdout) broken.abort(new DOMException('nobody reads stdout', 'AbortError'));
    });
  }
  return broken.signal;
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C in the question is Ctrl-C of the command, Ctrl-D no answer.
  const closed = new Promise<never>((_resolve, reject) => {
    terminal.once('SIGINT', () => reject(new AgentRuntimeError('CANCELLED', 'no answer was given')));
    terminal.once('close', () => reject(new AgentRuntimeError('CANCELLED', 'no answer was given')));
  });
  try {
    return await Promise.race([terminal.question(question, { signal }), closed]);
  } finally {
    closed.catch(() => {});
    terminal.close();
  }
}

function runOnTerminal([program = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    // tmux refuses to run inside of itself.
    const { TMUX: _, TMUX_PANE: _pane, ...env } = process.env;
    // Raw spawn: the program gets our terminal, and there is no output to collect.
    const child = spawn(program, args, { stdio: 'inherit', env });
    child.once('error', (cause) =>
      reject(new AgentRuntimeError('UNAVAILABLE', `cannot run ${program}: ${cause.message}`, { cause })),
    );
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
