import { z } from 'zod';

/**
 * The highest level that a runtime can prove for a steer. `none`: it cannot be steered; `unknown`: it can, but proves
 * nothing.
 */
export const steerCapabilitySchema = z.enum(['none', 'unknown', 'accepted', 'delivered', 'observed']);
export type SteerCapability = z.infer<typeof steerCapabilitySchema>;

/** What a new process keeps of an earlier conversation: nothing, something, or all completed messages. */
const resumeCapabilitySchema = z.enum(['none', 'lossy', 'lossless']);
export type ResumeCapability = z.infer<typeof resumeCapabilitySchema>;

/**
 * What a runtime can do: declared by `probe`, final in the session, proven by the conformance suite. A call beyond it
 * throws UNSUPPORTED.
 */
export const capabilitiesSchema = z.object({
  /**
   * Whether the first instruction goes with the launch (a command's argument, file or stdin) or over the session's
   * `send`.
   */
  firstInstruction: z.enum(['launch', 'send']),
  steer: steerCapabilitySchema,
  followUp: z.boolean(),
  /** The turn can be ended with the session kept. */
  interrupt: z.boolean(),
  /** A new process can pick up the conversation: `lossless` with all completed messages, `lossy` with less. */
  resume: resumeCapabilitySchema,
  /** A live process can be regained after our death. */
  reattach: z.boolean(),
  approvals: z.boolean(),
  /**
   * `structured`: messages, tools and turns as the backend reports them. `output`: bytes of a terminal or of stdout.
   */
  events: z.enum(['output', 'structured']),
  usage: z.boolean(),
  inputs: z.array(z.enum(['text', 'image', 'file'])).readonly(),
  /** `target.model` and `target.thinking` may be set. */
  models: z.boolean(),
});
export type RuntimeCapabilities = z.infer<typeof capabilitiesSchema>;

/** The least a task asks of any runtime it runs on. A target below is refused rather than used unsafely. */
export const needsSchema = z.strictObject({
  steer: steerCapabilitySchema.optional(),
  followUp: z.literal(true).optional(),
  interrupt: z.literal(true).optional(),
  resume: resumeCapabilitySchema.optional(),
  reattach: z.literal(true).optional(),
  approvals: z.literal(true).optional(),
  events: z.enum(['output', 'structured']).optional(),
  usage: z.literal(true).optional(),
  inputs: z
    .array(z.enum(['text', 'image', 'file']))
    .readonly()
    .optional(),
  models: z.literal(true).optional(),
});
export type Needs = z.infer<typeof needsSchema>;

const rank: { readonly [key in 'steer' | 'resume' | 'events']: readonly string[] } = {
  steer: steerCapabilitySchema.options,
  resume: resumeCapabilitySchema.options,
  events: ['output', 'structured'],
};

/** Names of the needs that these capabilities do not meet, in the order of the schema; empty when all are met. */
export function unmetNeeds(needs: Needs | undefined, have: RuntimeCapabilities): string[] {
  if (!needs) return [];
  const unmet: string[] = [];
  for (const key of ['steer', 'resume', 'events'] as const) {
    const need = needs[key];
    if (need !== undefined && rank[key].indexOf(have[key]) < rank[key].indexOf(need)) unmet.push(key);
  }
  for (const key of ['followUp', 'interrupt', 'reattach', 'approvals', 'usage', 'models'] as const) {
    if (needs[key] && !have[key]) unmet.push(key);
  }
  if (needs.inputs?.some((input) => !have.inputs.includes(input))) unmet.push('inputs');
  return unmet;
}

/** Names of the capabilities that `to` lacks or has less of than `from`: what a degradation loses. */
export function lostCapabilities(from: RuntimeCapabilities, to: RuntimeCapabilities): string[] {
  const lost: string[] = [];
  for (const key of ['steer', 'resume', 'events'] as const) {
    if (rank[key].indexOf(to[key]) < rank[key].indexOf(from[key])) lost.push(key);
  }
  for (const key of ['followUp', 'interrupt', 'reattach', 'approvals', 'usage', 'models'] as const) {
    if (from[key] && !to[key]) lost.push(key);
  }
  if (from.inputs.some((input) => !to.inputs.includes(input))) lost.push('inputs');
  return lost;
}
