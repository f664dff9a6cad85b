import { AgentRuntimeError } from '@runtime/contracts';
import { runProgram } from '../process/run-program.ts';
import { resolveCommand } from './resolve-command.ts';

/** Programs that a holder uses where the system has them and they can what is asked of them; absolute, else empty. */
export interface HolderTools {
  /** Gives the agent a session of its own. */
  readonly setsid: string;
  /** Lets the agent die with its holder. */
  readonly setpriv: string;
  /** Undoes that a background job of a shell ignores SIGINT. */
  readonly env: string;
  /** Follows files without inotify, and ends with a process. */
  readonly tail: string;
}

/** A call of each that has no effect, and succeeds where it can be used. */
const trials: Readonly<Record<keyof HolderTools, readonly string[]>> = {
  setsid: ['true'],
  setpriv: ['--pdeathsig', 'KILL', 'true'],
  env: ['--default-signal=INT,QUIT', 'true'],
  tail: ['---disable-inotify', '-s', '0.2', '--pid=1', '-q', '-c', '0', '/dev/null'],
};

const trialMs = 10_000;

let found: Promise<HolderTools> | undefined;

/** Looked for once in a process: each look is a process of its own, and so it would be for every run. */
export function holderTools(): Promise<HolderTools> {
  found ??= lookForTools();
  return found;
}

/** After a start that failed: a program may have been removed since. */
export function forgetHolderTools(): void {
  found = undefined;
}

async function lookForTools(): Promise<HolderTools> {
  const [setsid, setpriv, env, tail] = await Promise.all([
    lookFor('setsid'),
    lookFor('setpriv'),
    lookFor('env'),
    lookFor('tail'),
  ]);
  return { setsid, setpriv, env, tail };
}

async function lookFor(name: keyof HolderTools): Promise<string> {
  const searchPath = `/usr/bin:/bin:${process.env['PATH'] ?? ''}`;
  try {
    const file = await resolveCommand(name, searchPath, '/');
    const { code } = await runProgram(file, trials[name], { env: { PATH: searchPath }, timeoutMs: trialMs });
    return code === 0 ? file : '';
  } catch (thrown) {
    const { code } = AgentRuntimeError.from(thrown);
    // It is not there, or cannot be executed. Whatever else it was may be over at the next start.
    if (code !== 'NOT_FOUND' && code !== 'PERMISSION_DENIED' && code !== 'UNAVAILABLE') forgetHolderTools();
    return '';
  }
}
