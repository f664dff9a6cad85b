import { AgentRuntimeError } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';
import { parrotCapabilities } from './capabilities.ts';

/**
 * Throws UNSUPPORTED for the part of a launch that the agent has no place for: nothing that was asked is left out
 * silently.
 */
export function refuseBeyond({ target, resume, instruction }: Launch): void {
  const asked = (['model', 'thinking', 'mode'] as const).find((name) => target[name] !== undefined);
  if (asked) throw unsupported(asked);
  if (resume) throw unsupported('conversation to resume');
  const part = instruction.parts.find(({ type }) => !parrotCapabilities.inputs.includes(type));
  if (part) throw unsupported(`input of type ${part.type}`);
}

export function unsupported(what: string): AgentRuntimeError {
  return new AgentRuntimeError('UNSUPPORTED', `a parrot takes no ${what}`, {
    hint: 'run the task on a runtime that does, such as pi',
  });
}
