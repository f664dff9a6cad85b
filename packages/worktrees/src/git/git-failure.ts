import type { ProgramResult } from '@runtime/adapter-kit/process';
import { AgentRuntimeError } from '@runtime/contracts';

const maxTailChars = 1500;

/** The end of what git said, where its reason is. */
export function tailOf(stderr: string): string {
  const text = stderr.trim();
  return text.length <= maxTailChars ? text : `…${text.slice(-maxTailChars)}`;
}

/** What git said as an error. */
export function gitFailure(
  command: string,
  { code, stderr }: Pick<ProgramResult, 'code' | 'stderr'>,
): AgentRuntimeError {
  const stderrTail = tailOf(stderr);
  const message = `${command} failed with ${code}: ${stderrTail}`;
  const details = { exitCode: code, stderr: stderrTail };
  if (/dubious ownership|is owned by someone else/.test(stderr)) {
    const [hint = 'let the repository belong to this user, or name it in safe.directory'] =
      /git config --global --add safe\.directory .*/.exec(stderr) ?? [];
    return new AgentRuntimeError('PERMISSION_DENIED', message, { hint, details: { ...details, reason: 'ownership' } });
  }
  if (/No space left on device|Disk quota exceeded/.test(stderr)) {
    const hint = 'free some space, then call it again';
    return new AgentRuntimeError('EXHAUSTED', message, { hint, details: { ...details, reason: 'disk' } });
  }
  if (/\bfilter '.*' failed|filter-process|smudge filter|clean filter/.test(stderr)) {
    const hint = 'a filter of the configuration of git failed: make its program work, or install it';
    return new AgentRuntimeError('UNAVAILABLE', message, { hint, details: { ...details, reason: 'filter' } });
  }
  if (/Permission denied/.test(stderr)) {
    const hint = 'give this user the right to read and write the repository and the directory of the worktree';
    return new AgentRuntimeError('PERMISSION_DENIED', message, { hint, details });
  }
  return new AgentRuntimeError('UNAVAILABLE', message, { details });
}
