import { z } from 'zod';
import { errorCodes, retryAdvices } from './error-codes.ts';

/** The closed list of codes; `docs/errors.md` has a heading for each. */
export const errorCodeSchema = z.enum(errorCodes);

/** An error as it crosses a socket or a log. `cause` becomes text: it is for people. */
export const errorDataSchema = z.object({
  code: errorCodeSchema,
  message: z.string(),
  retry: z.enum(retryAdvices),
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  cause: z.string().optional(),
});
export type ErrorData = z.infer<typeof errorDataSchema>;
