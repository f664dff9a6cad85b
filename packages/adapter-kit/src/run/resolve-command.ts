import { constants } from 'node:fs';
import { access, readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { checkExecutable } from './check-executable.ts';

/**
 * The absolute path of the program that `command` names, as the run itself would find it: on the run's own `PATH`, from
 * the run's own directory.
 * Throws INVALID_ARGUMENT for an empty name, NOT_FOUND, PERMISSION_DENIED for a file that cannot be executed; each with
 * a hint for the user. A script without its interpreter is NOT_FOUND as well, a program for another processor
 * UNSUPPORTED; the message names both.
 * Whether its libraries are there is only seen at the start.
 */
export async function resolveCommand(command: string, searchPath: string | undefined, cwd: string): Promise<string> {
  if (command === '' || command.includes('\0')) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `not a command: ${JSON.stringify(command)}`);
  }
  const candidates = command.includes('/')
    ? [path.resolve(cwd, command)]
    : (searchPath ?? '/usr/bin:/bin').split(path.delimiter).map((folder) => path.resolve(cwd, folder, command));
  let denied: string | undefined;
  for (const candidate of candidates) {
    const verdict = await look(candidate);
    if (verdict === 'program') {
      await checkExecutable(candidate, { searchPath, cwd });
      return candidate;
    }
    if (verdict === 'denied') denied ??= candidate;
  }
  if (denied !== undefined) {
    throw new AgentRuntimeError('PERMISSION_DENIED', `${denied} cannot be executed`, {
      hint: `make it executable: chmod +x ${denied}`,
    });
  }
  const [only = ''] = command.includes('/') ? candidates : [];
  throw new AgentRuntimeError('NOT_FOUND', `there is no program ${JSON.stringify(command)}${await whatIsThere(only)}`, {
    hint: command.includes('/')
      ? `check the path; it is looked up from ${cwd}`
      : `install it, or give its absolute path; searched: ${searchPath ?? '/usr/bin:/bin'}`,
  });
}

/** What is at the path instead of a program, for the message. */
async function whatIsThere(file: string): Promise<string> {
  const link = await readlink(file).catch(() => undefined);
  const facts = await stat(file).catch(() => undefined);
  if (facts?.isDirectory() === true) return ': it is a directory';
  if (facts) return ': it is no regular file';
  return link === undefined ? '' : `: it is a link to ${link}, which is not there`;
}

async function look(file: string): Promise<'program' | 'denied' | 'nothing'> {
  try {
    if (!(await stat(file)).isFile()) return 'nothing';
    await access(file, constants.X_OK);
    return 'program';
  } catch (error) {
    return systemCode(error) === 'EACCES' ? 'denied' : 'nothing';
  }
}
