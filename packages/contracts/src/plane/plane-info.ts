import { z } from 'zod';

/** The plane itself, as `info()` reports it. */
export const planeInfoSchema = z
  .object({
    logId: z.string(),
    /** The number of this owner: each later one has a higher number. 0: the data directory has no owner. */
    epoch: z.int(),
    /** The owner's process; 0 without an owner. */
    pid: z.int(),
    /** Absolute, with links resolved. */
    dataDir: z.string(),
    /** Of the plane's package. */
    version: z.string(),
    /** Tasks that have not ended. */
    unfinished: z.int(),
    /** A task may bring the definitions of its runtimes: `SubmitRequest.definitions`. */
    definitions: z.boolean().default(false),
    /** Connections to the control socket. */
    clients: z.int(),
  })
  .readonly();
export type PlaneInfo = z.infer<typeof planeInfoSchema>;
