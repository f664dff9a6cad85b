import type { PromptMode } from '@runtime/adapter-kit/run';
import type { RuntimeCapabilities } from '@runtime/contracts';

/**
 * What a program in a terminal can do. Typing into it is all that steering is, and there is no proof that it was
 * understood: `unknown`.
 * A terminal shows no end of a turn, hence no follow-up and no interrupt that could be proven.
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
