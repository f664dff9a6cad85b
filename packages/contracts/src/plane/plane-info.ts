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
    /** Of the program that owns the data directory; of the plane's package where the program named none. */
    version: z.string(),
    /** Whether this owner leaves when a client asks it to: `runtime serve` does, a host decides for itself. */
    leaves: z.boolean().optional(),
    /** Tasks that have not ended. */
    unfinished: z.int(),
    /** A task may bring the definitions of its runtimes: `SubmitRequest.definitions`. */
    definitions: z.boolean().default(false),
    /** Connections to the control socket. */
    clients: z.int(),
  })
  .readonly();
export type PlaneInfo = z.infer<typeof planeInfoSchema>;
