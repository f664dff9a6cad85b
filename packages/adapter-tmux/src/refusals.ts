import { holderEnvironment } from '@runtime/adapter-kit/run';
import { AgentRuntimeError } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';

/** What bash sets, changes or refuses by itself, and what is the terminal's own: beyond what belongs to every shell. */
const bashOwn =
  'UID EUID TMUX TMUX_PANE TERM BASHOPTS SHELLOPTS BASHPID BASH_VERSINFO POSIXLY_CORRECT BASH_XTRACEFD FUNCNAME GROUPS'.split(
    ' ',
  );

/** The agent's environment for the holder, as it reads it: `NAME=value`. Throws INVALID_ARGUMENT for names that no shell can hand through. */
export function environmentItems({ env, handle }: Launch): string[] {
  return Object.entries(holderEnvironment(env, handle.runId, bashOwn)).map(([name, value]) => `${name}=${value}`);
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
