import type { PromptMode } from '@runtime/adapter-kit/run';
import type { RuntimeCapabilities } from '@runtime/contracts';

/**
 * What a program in a terminal can do. To steer is to type, and that the agent took the text cannot be proven:
 * `unknown`.
 * A terminal shows no end of a turn, so a follow-up or an interrupt could not be proven either.
 */
export function capabilitiesOf(prompt: PromptMode): RuntimeCapabilities {
  return {
    firstInstruction: 'launch',
    steer: prompt === 'paste' ? 'unknown' : 'none',
    followUp: false,
    interrupt: false,
    resume: 'none',
    reattach: true,
    approvals: false,
    events: 'output',
    usage: false,
    inputs: ['text', 'file'],
    models: false,
  };
}
