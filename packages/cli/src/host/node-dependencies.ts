import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { AgentRuntimeError } from '@runtime/contracts';
import type { CliDependencies } from './dependencies.ts';
import { nodeMachine } from '../doctor/node-machine.ts';
import { exitCodes } from '../exit-codes.ts';
import { nodePlanes } from './node-planes.ts';
import { defaultDataDir, homeDirectory, standSomewhere, workingDirectory } from './places.ts';
import { processStreams } from './streams.ts';
import { version } from '../version.ts';

/**
 * The streams, signals and environment of this process, and the real planes and adapters, whose packages are loaded when
 * they are used. Spread it to replace a part:
 * `{ ...nodeDependencies(), version: '1.2.3' }`. Opens, starts and listens to nothing by itself: a stream is opened, and
 * listened to for errors, when a command uses it.
 */
export function nodeDependencies(): CliDependencies {
  // The same program from sources and from the bundle.
  const entry = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../main.ts' : 'main.cjs');
  const home = homeDirectory();
  const { stdin, stdout, stderr, broken, isLost } = processStreams();
  let calledFrom: Promise<string | undefined> | undefined;
  return {
    version,
    env: process.env,
    cwd: workingDirectory(process.env),
    home: home ?? '/',
    defaultDataDir: defaultDataDir(process.env, home, process.platform),
    stdin,
    stdout,
    stderr,
    brokenPipe: broken,
    planes: nodePlanes(),
    createAdapter: async (id, definition) => (await import('@runtime/adapters')).createAdapter(id, definition),
    findCallingRun: () => (calledFrom ??= callingRun()),
    async startOwner(options) {
      const { startOwner } = await import('../owner/start-owner.ts');
      return startOwner(options, { execPath: process.execPath, execArgv: process.execArgv, entry }, process.env);
    },
    tellStarter(failure) {
      // Who started it may be gone, which is no failure.
      if (process.connected) process.send?.({ failure }, undefined, undefined, () => undefined);
    },
    onSignal(names, listener) {
      for (const name of names) process.on(name, listener);
      return () => {
        for (const name of names) process.off(name, listener);
      };
    },
    ask,
    runOnTerminal,
    machine: nodeMachine(),
    standSomewhere,
    leaveWorkingDirectory: () => process.chdir('/'),
    exitWithin: (code, ms) => void setTimeout(() => process.exit(code), ms).unref(),
    exit: (code) => {
      // Not process.exit, which would lose what is still in the pipes; but after Ctrl-C a full pipe must not hold us.
      process.exitCode = isLost() ? exitCodes.failed : code;
      if (code === exitCodes.interrupted) process.exit();
    },
  };
}

const callingRun = async (): Promise<string | undefined> =>
  (await import('@runtime/adapter-kit/process')).findCallingRun();

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C and Ctrl-D both end the question without an answer.
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
