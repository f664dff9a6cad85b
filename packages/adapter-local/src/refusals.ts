import { AgentRuntimeError } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';
import { localCapabilities } from './capabilities.ts';

/**
 * Throws UNSUPPORTED for the part of a launch that a command has no place for: a model, a conversation to resume, an
 * image.
 */
export function refuseBeyond({ target, resume, instruction }: Launch): void {
  const asked = (['model', 'thinking', 'mode'] as const).find((name) => target[name] !== undefined);
  if (asked) throw unsupported(asked, "put it into the command's arguments");
  if (resume) throw unsupported('conversation to resume', 'start a new run');
  const part = instruction.parts.find(({ type }) => !localCapabilities.inputs.includes(type));
  if (part) throw unsupported(`input of type ${part.type}`, 'put it into a file of the workspace and name that');
}

/** The error for what no local command can be asked. */
export function unsupported(what: string, hint = 'run the task on a runtime that does, such as pi'): AgentRuntimeError {
  return new AgentRuntimeError('UNSUPPORTED', `a local command takes no ${what}`, { hint });
}
