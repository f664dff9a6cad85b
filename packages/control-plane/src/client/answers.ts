import {
  artifactRefSchema,
  garbageReportSchema,
  idSchema,
  instructionLevelSchema,
  planeInfoSchema,
  removalReportSchema,
  runOutcomeSchema,
  runtimeReportSchema,
  taskViewSchema,
} from '@runtime/contracts';
import { z } from 'zod';

/**
 * What a plane answers, as schemas. A client is handed them: one over a socket loads them when it connects, since most
 * of the time that a client takes to load is that of schemas.
 */
export const answers = {
  submitted: z.object({ id: z.string() }),
  view: taskViewSchema,
  views: z.array(taskViewSchema),
  outcome: runOutcomeSchema,
  queued: z.object({ instructionId: z.string() }),
  level: instructionLevelSchema,
  reports: z.array(runtimeReportSchema),
  info: planeInfoSchema,
  kept: z.object({ artifact: artifactRefSchema, runId: idSchema.optional(), time: z.int() }),
  garbage: garbageReportSchema,
  removal: removalReportSchema,
  left: z.null(),
};
export type Answers = typeof answers;
