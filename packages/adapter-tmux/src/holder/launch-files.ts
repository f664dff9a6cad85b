import { holderEnvironment, writeNew } from '@runtime/adapter-kit/run';
import { AgentRuntimeError } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';
import { tmuxRunFiles } from '../run-files.ts';
import { holderScript } from './holder-script.ts';

/** What bash sets, changes or refuses by itself, and what is the terminal's own: beyond what belongs to every shell. */
const bashOwn =
  'UID EUID TMUX TMUX_PANE TERM BASHOPTS SHELLOPTS BASHPID BASH_VERSINFO POSIXLY_CORRECT BASH_XTRACEFD FUNCNAME GROUPS'.split(
    ' ',
  );

/**
 * The agent's environment for the holder, as it reads it: `NAME=value`. Throws INVALID_ARGUMENT for names that no shell
 * can hand through.
 */
export function environmentItems({ env, handle }: Launch): string[] {
  return Object.entries(holderEnvironment(env, handle.runId, bashOwn)).map(([name, value]) => `${name}=${value}`);
}

/** What the holder reads. */
export interface LaunchInput {
  readonly command: readonly string[];
  readonly environment: readonly string[];
  /** The instruction that opens the run. */
  readonly text: string;
}

/** Writes what the holder reads, once the run is ours. Throws UNAVAILABLE. */
export async function writeLaunchFiles({ handle, workspace }: Launch, input: LaunchInput): Promise<void> {
  const files = tmuxRunFiles(handle.runDir);
  try {
    await Promise.all([
      writeNew(files.script, holderScript, { mode: 0o700 }),
      writeNew(files.command, nul(input.command)),
      writeNew(files.environment, nul(input.environment)),
      writeNew(files.workspace, nul([workspace])),
      writeNew(files.prompt, input.text),
      writeNew(files.notes, ''),
    ]);
  } catch (cause) {
    // The run is ours: what stands in the way of a file is not another start.
    throw new AgentRuntimeError('UNAVAILABLE', 'the files of the run cannot be written', { cause });
  }
}

/** Terminated, not separated: the shell reads item after item up to its NUL. */
function nul(items: readonly string[]): string {
  return items.map((item) => `${item}\0`).join('');
}
