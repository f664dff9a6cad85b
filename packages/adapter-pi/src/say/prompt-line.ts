import { instructionText, type Instruction } from '@runtime/contracts';

const behaviors = { prompt: undefined, steer: 'steer', followUp: 'followUp' } as const;

/**
 * The command for an instruction; its id is the instruction's id.
 * A steer is sent as a prompt that Pi may queue: Pi's own `steer` reports success while idle, but starts nothing.
 */
export function promptCommand(instruction: Instruction): Record<string, unknown> {
  const { id, mode, parts } = instruction;
  const images = parts.flatMap((part) =>
    part.type === 'image' ? [{ type: 'image', data: part.data, mimeType: part.mediaType }] : [],
  );
  const message = instructionText(parts.filter((part) => part.type !== 'image'));
  const streamingBehavior = behaviors[mode];
  return {
    id,
    type: 'prompt',
    message,
    ...(images.length === 0 ? {} : { images }),
    ...(streamingBehavior === undefined ? {} : { streamingBehavior }),
  };
}
