import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';

/**
 * The absolute path of the program that `command` names, as the run itself would find it: on the run's own `PATH`, from
 * the run's own directory.
 * Throws INVALID_ARGUMENT for an empty name, NOT_FOUND, PERMISSION_DENIED for a file that cannot be executed; each with
 * a hint for the user.
 * Whether its interpreter or libraries are there is only seen at the start (`began: false`, stderr.log).
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
    if (verdict === 'program') return candidate;
    if (verdict === 'denied') denied ??= candidate;
  }
  if (denied !== undefined) {
    throw new AgentRuntimeError('PERMISSION_DENIED', `${denied} cannot be executed`, {
      hint: `make it executable: chmod +x ${denied}`,
    });
  }
  throw new AgentRuntimeError('NOT_FOUND', `there is no program ${JSON.stringify(command)}`, {
    hint: command.includes('/')
      ? `check the path; it is looked up from ${cwd}`
      : `install it, or give its absolute path; searched: ${searchPath ?? '/usr/bin:/bin'}`,
  });
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
