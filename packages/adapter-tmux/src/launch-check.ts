import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { runMarker, type Launch } from '@runtime/contracts/adapter';

/** What bash sets, changes or refuses by itself: it cannot be handed through unchanged. */
const shellOwn = new Set(
  (
    '_ IFS OLDPWD OPTIND PPID PWD SHLVL UID EUID TMUX TMUX_PANE TERM ' +
    'BASHOPTS SHELLOPTS BASHPID BASH_VERSINFO POSIXLY_CORRECT BASH_XTRACEFD FUNCNAME GROUPS'
  ).split(' '),
);
/** One argument above this is refused by the kernel (MAX_ARG_STRLEN). */
const maxArgumentBytes = 128 * 1024 - 1;

/** The agent's environment for the holder. TERM is the terminal's own. Throws INVALID_ARGUMENT for names that no shell can hand through. */
export function holderEnvironment({ env, handle }: Launch): string[] {
  const result: string[] = [];
  for (const [name, value] of Object.entries({ ...env, [runMarker]: handle.runId })) {
    if (shellOwn.has(name)) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes('\0')) {
      throw new AgentRuntimeError('INVALID_ARGUMENT', `not an environment variable: ${JSON.stringify(name)}`, {
        hint: 'names are letters, digits and underscores; values hold no NUL',
      });
    }
    result.push(`${name}=${value}`);
  }
  return result;
}

/** Throws UNSUPPORTED for what a terminal program cannot be told: a model, a conversation to resume, an image. */
export function refuseBeyond({ target, resume, instruction }: Launch): void {
  const beyond =
    target.model !== undefined || target.thinking !== undefined || target.mode !== undefined
      ? 'a model, a thinking level or a mode'
      : resume !== undefined
        ? 'a conversation to resume'
        : instruction.parts.some((part) => part.type === 'image')
          ? 'an image'
          : undefined;
  if (beyond === undefined) return;
  throw new AgentRuntimeError('UNSUPPORTED', `a terminal program cannot be given ${beyond}`, {
    hint: 'put it into the command of a runtime of its own, or use another runtime',
  });
}

/** What can be known to fail is told before anything is started, while it still has a clear name. */
export async function checkLaunch({ handle, workspace }: Launch, command: readonly string[]): Promise<void> {
  if (!path.isAbsolute(handle.runDir) || !path.isAbsolute(workspace) || workspace.includes('\0')) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'the run directory and the workspace must be absolute paths');
  }
  for (const argument of command) {
    if (argument.includes('\0')) throw new AgentRuntimeError('INVALID_ARGUMENT', 'an argument holds a NUL');
    if (Buffer.byteLength(argument) <= maxArgumentBytes) continue;
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'an argument is longer than the system allows (128 KiB)', {
      hint: 'hand long prompts over with {promptFile} or prompt: "stdin"',
    });
  }
  const folder = await stat(workspace).catch((cause: unknown) => {
    throw new AgentRuntimeError('NOT_FOUND', `there is no workspace ${workspace}`, {
      hint: 'make it, or name another',
      cause,
    });
  });
  if (!folder.isDirectory()) throw new AgentRuntimeError('INVALID_ARGUMENT', `${workspace} is not a directory`);
}
