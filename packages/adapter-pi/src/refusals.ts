import { AgentRuntimeError, type Instruction, type RuntimeCapabilities } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';
import type { PiState } from './wire.ts';

/** Throws INVALID_ARGUMENT for the part of a launch that Pi cannot do. */
export function refuseBeyond({ target }: Launch): void {
  if (target.mode === undefined) return;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `Pi has no mode ${target.mode}`, {
    hint: 'leave `mode` out of the target',
  });
}

/** Throws UNSUPPORTED for an image that the options or the current model do not accept. */
export function refuseImages(
  { parts }: Instruction,
  { inputs }: RuntimeCapabilities,
  model: PiState['model'] | undefined,
): void {
  if (!parts.some((part) => part.type === 'image')) return;
  if (inputs.includes('image') && model?.input?.includes('image') !== false) return;
  throw new AgentRuntimeError('UNSUPPORTED', `the model ${model?.id ?? ''} does not accept images`, {
    hint: 'choose a model that accepts images, or describe the image in words',
  });
}
