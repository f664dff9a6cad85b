import { z } from 'zod';
import { idSchema } from '../base/ids.ts';

/**
 * What a task waits for: computed when it is asked for, from leases, the scheduler, breakers and the task's own state,
 * and never stored.
 */
export const waitingForSchema = z.object({
  kind: z.enum([
    /** Another task works in the same workspace (`taskId`). */
    'workspace',
    /** Another task continues the same conversation (`taskId`). */
    'session',
    /** As many tasks run as may. */
    'concurrency',
    /** The scheduler has another reason. */
    'scheduler',
    /** The next attempt has its time (`until`), or the runtime pauses before it repeats a call by itself. */
    'retry',
    /** The runtime compacts its context. */
    'compaction',
    /** The circuit breaker of its runtime is open (`until`). */
    'breaker',
    /** There is too little free disk space. */
    'disk',
    /** Its runtime is asked whether it can be used, starts up, or is not configured any more. */
    'runtime',
    /** A person has to answer (`until`: its time limit). */
    'approval',
    /** It is kept open, and the agent rests (`until`: its idle limit). */
    'instruction',
    /** Its check runs (`until`: its time limit). */
    'check',
    /** Its work is done, and its files are looked for and stored. */
    'artifacts',
    /** Our own code failed on it; it is looked at again (`until`). */
    'fault',
    /** No process owns the data directory. */
    'owner',
  ]),
  /** The task that holds what this one waits for. */
  taskId: idSchema.optional(),
  /** Unix ms at which the waiting ends by itself. */
  until: z.int().optional(),
  /** For people. Names the circle of tasks that may wait for one another, if there is one. */
  text: z.string().max(2000),
});
export type WaitingFor = z.infer<typeof waitingForSchema>;
