import { z } from 'zod';
import { idSchema } from '../base/ids.ts';

/**
 * The longest text of one instruction, in UTF-16 units (4 Mi): agents echo it several times, and some parse it in
 * quadratic time.
 */
export const maxInstructionChars = 4 * 1024 * 1024;

/**
 * One part of an instruction: text, an image (base64, at most 16 Mi characters), or a file in the workspace by its
 * path.
 */
const partSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string().min(1).max(maxInstructionChars) }),
  z.object({ type: z.literal('image'), mediaType: z.string().max(100), data: z.base64().max(16 * 1024 * 1024) }),
  /** A file in the workspace that the agent is to read by itself. */
  z.object({ type: z.literal('file'), path: z.string().min(1).max(4096) }),
]);
export type Part = z.infer<typeof partSchema>;

/** The parts of an instruction: 1-64, with at least one that is not blank text. */
export const partsSchema = z
  .array(partSchema)
  .min(1)
  .max(64)
  .refine((parts) => parts.some((part) => part.type !== 'text' || part.text.trim() !== ''), 'the text is empty')
  .readonly();

/** `prompt` opens a conversation, `steer` goes into the running turn, `followUp` comes after it. */
export const instructionModeSchema = z.enum(['prompt', 'steer', 'followUp']);
export type InstructionMode = z.infer<typeof instructionModeSchema>;

/** What is said to an agent. */
const instructionSchema = z.object({
  id: idSchema,
  mode: instructionModeSchema,
  parts: partsSchema,
  /** Unix ms after which it is declined instead of sent. */
  expiresAt: z.int().optional(),
  /** Declined unless this turn is running when it is sent. */
  ifTurn: z.string().max(64).optional(),
});
export type Instruction = z.infer<typeof instructionSchema>;

/**
 * How far an instruction has come, by evidence. `queued`: durable with us. `sending`: durable before the first byte
 * leaves.
 * `accepted`: the backend took it. `delivered`: it entered a turn. `observed`: the agent answered after it.
 * `declined`: refused, with a reason. `unknown`: there is no evidence, and none will come.
 */
export const instructionLevelSchema = z.enum([
  'queued',
  'sending',
  'accepted',
  'delivered',
  'observed',
  'declined',
  'unknown',
]);
export type InstructionLevel = z.infer<typeof instructionLevelSchema>;

/**
 * The text of an instruction for a backend that takes nothing but text; files are named by path, images are left out.
 */
export function instructionText(parts: readonly Part[]): string {
  return parts
    .map((part) => (part.type === 'text' ? part.text : part.type === 'file' ? `[file: ${part.path}]` : '[image]'))
    .join('\n');
}
