import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { openRegular } from '../files/open-regular.ts';
import type { HolderLaunch } from './start-holder.ts';

/** What a shell sets or changes by itself: it cannot be handed through unchanged. */
const shellOwn = new Set(['_', 'IFS', 'OLDPWD', 'OPTIND', 'PPID', 'PWD', 'SHLVL']);
/** One argument above this is refused by the kernel (MAX_ARG_STRLEN). */
const maxArgumentBytes = 128 * 1024 - 1;

/** The environment as the holder gets it. Throws INVALID_ARGUMENT for names that no shell can hand through. */
export function holderEnvironment({ env, handle, cwd }: HolderLaunch): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (shellOwn.has(name)) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes('\0')) {
      throw new AgentRuntimeError('INVALID_ARGUMENT', `not an environment variable: ${JSON.stringify(name)}`, {
        hint: 'names are letters, digits and underscores; values hold no NUL',
      });
    }
    result[name] = value;
  }
  return { ...result, PWD: cwd, [runMarker]: handle.runId };
}

/** What can be known to fail is told before anything is spawned, while it still has a clear name. */
export async function checkLaunch({ command, cwd, handle, stdin }: HolderLaunch): Promise<void> {
  if (!path.isAbsolute(handle.runDir) || !path.isAbsolute(cwd)) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'the run directory and the working directory must be absolute');
  }
  for (const argument of command) {
    if (argument.includes('\0')) throw new AgentRuntimeError('INVALID_ARGUMENT', 'an argument holds a NUL');
    if (Buffer.byteLength(argument) > maxArgumentBytes) {
      throw new AgentRuntimeError('INVALID_ARGUMENT', 'an argument is longer than the system allows (128 KiB)', {
        hint: 'hand long text over as a file or on stdin',
      });
    }
  }
  const folder = await stat(cwd).catch((cause: unknown) => {
    throw new AgentRuntimeError('NOT_FOUND', `there is no directory ${cwd}`, {
      hint: 'make it, or name another',
      cause,
    });
  });
  if (!folder.isDirectory()) throw new AgentRuntimeError('INVALID_ARGUMENT', `${cwd} is not a directory`);
  if (stdin.kind === 'file') await checkInput(stdin.path);
}

async function checkInput(file: string): Promise<void> {
  const input = await openRegular(file);
  if (!input) throw new AgentRuntimeError('NOT_FOUND', `there is no input file ${file}`);
  await input.close();
}
