import type { RuntimeCapabilities } from '@runtime/contracts';

/** What every command can do, however it was started or found again. */
export const localCapabilities: RuntimeCapabilities = Object.freeze<RuntimeCapabilities>({
  firstInstruction: 'launch',
  steer: 'none',
  followUp: false,
  interrupt: false,
  resume: 'none',
  reattach: true,
  approvals: false,
  events: 'output',
  usage: false,
  inputs: ['text', 'file'],
  models: false,
});
