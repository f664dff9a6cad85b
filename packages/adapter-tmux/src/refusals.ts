import { AgentRuntimeError } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';

/**
 * Throws UNSUPPORTED for the part of a launch that a terminal program has no place for: a model, a conversation to
 * resume, an image.
 */
export function refuseBeyond({ target, resume, instruction }: Launch): void {
  const asked = (['model', 'thinking', 'mode'] as const).find((name) => target[name] !== undefined);
  if (asked) throw unsupported(`takes no ${asked}`, 'put it into the command of a runtime of its own');
  if (resume) throw unsupported('takes no conversation to resume', 'start a new run');
  if (instruction.parts.some((part) => part.type === 'image')) {
    throw unsupported('takes no image', 'put it into a file of the workspace and name that');
  }
}

/** The error for what no program in a terminal can be asked. */
export function unsupported(what: string, hint = 'run the task on a runtime that does, such as pi'): AgentRuntimeError {
  return new AgentRuntimeError('UNSUPPORTED', `a program in a terminal ${what}`, { hint });
}
