import { z } from 'zod';
import { idSchema, runtimeIdSchema } from '../base/ids.ts';

/** The version of the adapter contract. A handle of another version is refused. */
export const specVersion = 'runtime/1';

/** The environment variable that marks every process of a run. Its value is the run's id. */
export const runMarker = 'RUNTIME_RUN_ID';

/**
 * What is needed to find a run's process again: computed before anything is spawned, durable in `run.starting`, small,
 * no secrets.
 * `runDir` belongs to this run alone; everything else an adapter needs later it derives from this or keeps in there.
 */
export const runtimeHandleSchema = z.object({
  specVersion: z.literal(specVersion),
  runtime: runtimeIdSchema,
  taskId: idSchema,
  runId: idSchema,
  /** The launch number within the task: fences late writers. */
  generation: z.int().min(1),
  /** Absolute path, 0700, made by the plane before `start`. */
  runDir: z.string().min(1).max(4096),
  /**
   * False where the holder cannot be put outside a service's cgroup, so that the service manager will kill it with us.
   */
  survivesHost: z.boolean(),
});
export type RuntimeHandle = z.infer<typeof runtimeHandleSchema>;

/** A process that a run left behind: it seems to be the agent's, and nothing proves it, so it was not ended. */
const leakedProcessSchema = z.object({ pid: z.int().min(2), command: z.string().max(100) });
export type LeakedProcess = z.infer<typeof leakedProcessSchema>;

/** What was found besides, when the run was stopped. */
const found = { leaked: z.array(leakedProcessSchema).max(100).optional() };

/** How a process ended, as observed. Nobody invents a code. */
export const exitSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('exited'), code: z.int().min(0).max(255), ...found }),
  z.object({ kind: z.literal('signaled'), signal: z.string().max(20), ...found }),
  z.object({ kind: z.literal('unknown'), why: z.string().max(1000), ...found }),
]);
export type Exit = z.infer<typeof exitSchema>;
