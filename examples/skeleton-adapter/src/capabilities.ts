import type { RuntimeCapabilities } from '@runtime/contracts';

// #region skeleton-capabilities
/**
 * What the suite proves, and no more: the prompt goes with the launch, and nothing can be said to a parrot after it.
 */
export const parrotCapabilities: RuntimeCapabilities = {
  firstInstruction: 'launch',
  steer: 'none',
  followUp: false,
  interrupt: false,
  resume: 'none',
  reattach: true,
  approvals: false,
  events: 'structured',
  usage: false,
  inputs: ['text', 'file'],
  models: false,
};
// #endregion
