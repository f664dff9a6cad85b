import { constants } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { isOwn } from '../files/is-own.ts';
import { openRegular } from '../files/open-regular.ts';
import type { HolderInput } from './holder-launch.ts';
import { exists } from './inspect-run.ts';
import { runPaths, type RunPlace } from './run-paths.ts';

/** What every shell sets or changes by itself: it cannot be handed through unchanged. */
const shellOwn: readonly string[] = ['_', 'IFS', 'OLDPWD', 'OPTIND', 'PPID', 'PWD', 'SHLVL'];
/** The kernel refuses an argument above this, and `NAME=value` (MAX_ARG_STRLEN, with its NUL). */
export const maxStringBytes = 128 * 1024 - 1;
/** What to do about arguments that are too long. */
export const textHint = 'hand long text over in a file ({promptFile}) or on stdin';

/**
 * The agent's environment for a holder that is a shell: `env` with the run's marker, without the names that belong to
 * every shell (`_`, `IFS`, `OLDPWD`, `OPTIND`, `PPID`, `PWD`, `SHLVL`) and without `own`, the names that belong to this
 * holder's shell besides.
 * Throws INVALID_ARGUMENT for names that no shell can hand through and for values with a NUL.
 */
export function holderEnvironment(
  env: Readonly<Record<string, string>>,
  runId: string,
  own: readonly string[] = [],
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (shellOwn.includes(name) || own.includes(name)) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes('\0')) {
      throw new AgentRuntimeError('INVALID_ARGUMENT', `not an environment variable: ${JSON.stringify(name)}`, {
        hint: 'names are letters, digits and underscores; values hold no NUL',
      });
    }
    result[name] = value;
  }
  return { ...result, [runMarker]: runId };
}

/** What is about to be started. */
export interface PlannedLaunch {
  readonly handle: Pick<RunPlace, 'runDir'>;
  /** With its templates filled. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** @default not checked */
  readonly stdin?: HolderInput;
}

/**
 * Refuses a launch that is bound to fail, before anything is written or spawned and while the failure still has a clear
 * name.
 * Throws CONFLICT (the run is claimed), INVALID_ARGUMENT (a relative path, a NUL, an argument of more than 128 KiB, a directory or an input file that
 * is none), PERMISSION_DENIED (a run directory that is a link, another user's or open to others, a directory that cannot be entered), NOT_FOUND (no such directory, no such input file).
 */
export async function checkLaunch({ command, cwd, handle, stdin }: PlannedLaunch): Promise<void> {
  if (!path.isAbsolute(handle.runDir) || !path.isAbsolute(cwd) || cwd.includes('\0')) {
    throw new AgentRuntimeError(
      'INVALID_ARGUMENT',
      'the run directory and the working directory must be absolute paths',
    );
  }
  await checkRunDirectory(handle.runDir);
  if (await exists(runPaths(handle.runDir).claim)) {
    throw new AgentRuntimeError('CONFLICT', 'the run was started or shut out before', {
      hint: 'start a new run: a run directory is used once',
    });
  }
  for (const argument of command) checkArgument(argument);
  const folder = await stat(cwd).catch((cause: unknown) => {
    throw new AgentRuntimeError('NOT_FOUND', `there is no directory ${cwd}`, {
      hint: 'make it, or name another',
      cause,
    });
  });
  if (!folder.isDirectory()) throw new AgentRuntimeError('INVALID_ARGUMENT', `${cwd} is not a directory`);
  await access(cwd, constants.X_OK).catch((cause: unknown) => {
    throw new AgentRuntimeError('PERMISSION_DENIED', `the directory ${cwd} cannot be entered`, { cause });
  });
  if (stdin?.kind === 'file') await checkInput(stdin.path);
}

/** Whoever can write there chooses what a later owner believes, and which processes it ends. */
async function checkRunDirectory(runDir: string): Promise<void> {
  const found = await lstat(runDir).catch((cause: unknown) => {
    throw new AgentRuntimeError('UNAVAILABLE', `there is no run directory ${runDir}`, { cause });
  });
  const fault = !found.isDirectory()
    ? 'is no directory'
    : !isOwn(found)
      ? 'belongs to another user'
      : (found.mode & 0o022) === 0
        ? undefined
        : 'can be written by other users';
  if (fault === undefined) return;
  throw new AgentRuntimeError('PERMISSION_DENIED', `the run directory ${runDir} ${fault}`, {
    hint: 'a run needs a directory of your own with mode 0700, and no link to one',
  });
}

function checkArgument(argument: string): void {
  if (argument.includes('\0')) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'an argument holds a NUL character', { hint: textHint });
  }
  const bytes = Buffer.byteLength(argument);
  if (bytes <= maxStringBytes) return;
  const message = `an argument of ${bytes} bytes is longer than the system allows (128 KiB)`;
  throw new AgentRuntimeError('INVALID_ARGUMENT', message, { hint: textHint });
}

async function checkInput(file: string): Promise<void> {
  const input = await openRegular(file);
  if (!input) throw new AgentRuntimeError('NOT_FOUND', `there is no input file ${file}`);
  await input.close();
}
