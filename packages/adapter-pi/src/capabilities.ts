import type { RuntimeCapabilities } from '@runtime/contracts';
import type { PiSettings } from './options.ts';

/** What every supported version of Pi can do; the conformance suite proves it. */
export const capabilitiesOf = ({ images }: Pick<PiSettings, 'images'>): RuntimeCapabilities => ({
  firstInstruction: 'send',
  steer: 'observed',
  followUp: true,
  interrupt: true,
  resume: 'lossless',
  reattach: true,
  approvals: true,
  events: 'structured',
  usage: true,
  inputs: images ? ['text', 'image', 'file'] : ['text', 'file'],
  models: true,
});
