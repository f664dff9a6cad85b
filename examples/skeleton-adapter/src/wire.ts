import { backendIdSchema } from '@runtime/contracts';
import { z } from 'zod';

// #region skeleton-wire
/** What a parrot writes, a record per line. Loose: a later version may add fields. */
const recordSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('say'), text: z.string() }),
  z.looseObject({ type: z.literal('end') }),
  z.looseObject({ type: z.literal('call'), id: backendIdSchema, tool: z.string().max(200) }),
  z.looseObject({ type: z.literal('result'), id: backendIdSchema, ok: z.boolean() }),
]);
export type ParrotRecord = z.infer<typeof recordSchema>;

/** Undefined for a record of a kind that we do not know: it is passed over. */
export const readParrotRecord = (value: unknown): ParrotRecord | undefined => recordSchema.safeParse(value).data;
// #endregion
