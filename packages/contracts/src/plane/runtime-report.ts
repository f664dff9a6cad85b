import { z } from 'zod';
import { errorCodeSchema } from '../base/error-data.ts';
import { capabilitiesSchema } from '../vocabulary/capabilities.ts';

/**
 * The circuit breaker of a runtime. `closed`: starts are allowed. `open`: they are not, after failures one after the
 * other. `half_open`: one start is allowed, to try.
 */
const breaker = z.enum(['closed', 'open', 'half_open']);

/**
 * What the plane knows of a configured runtime: what its probe found, an `AgentRuntime` or an `Unavailable`, and the
 * state of its circuit breaker.
 */
export const runtimeReportSchema = z.discriminatedUnion('status', [
  z
    .object({
      status: z.literal('available'),
      id: z.string(),
      /** The backend's own version, or 'unknown'. */
      version: z.string(),
      capabilities: capabilitiesSchema,
      /** Models that can be named in a target, where the backend lists them cheaply. */
      models: z.array(z.string()).readonly().optional(),
      breaker,
    })
    .readonly(),
  z
    .object({
      status: z.literal('unavailable'),
      id: z.string(),
      code: errorCodeSchema,
      reason: z.string(),
      /** What a person can do, in one sentence. */
      hint: z.string().optional(),
      breaker,
    })
    .readonly(),
]);
export type RuntimeReport = z.infer<typeof runtimeReportSchema>;
