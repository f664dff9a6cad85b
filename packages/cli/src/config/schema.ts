import { runtimesSchema } from '@runtime/adapters';
import {
  AgentRuntimeError,
  approvalPolicySchema,
  environmentSpecSchema,
  needsSchema,
  retryPolicySchema,
  runtimeIdSchema,
  targetSchema,
  taskSpecSchema,
} from '@runtime/contracts';
import { z } from 'zod';
import { durationPattern, parseDuration } from '../arguments/duration.ts';
import { maxConcurrency } from './concurrency.ts';

const durationSchema = z
  .string()
  .regex(durationPattern, { error: 'expected a duration with units, such as "10m" or "1h30m"', abort: true })
  .superRefine((value, context) => {
    try {
      parseDuration(value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: AgentRuntimeError.from(error).rawMessage, input: value });
    }
  })
  .describe('A duration with units: 500ms, 90s, 10m, 1h30m, 2d.');

const pathSchema = z
  .string()
  .refine((value) => !value.includes('\0'), 'expected a text without NUL characters')
  .min(1, 'expected the path of a file')
  .max(4096);

const defaultsSchema = z
  .strictObject({
    runtimes: z
      .array(z.union([runtimeIdSchema, targetSchema]))
      .min(1)
      .max(16)
      .optional(),
    concurrency: z
      .int()
      .min(1)
      .max(maxConcurrency)
      .optional()
      .describe(
        'How many tasks the owner runs at the same time, at most. The owner has it of the command that started it.',
      ),
    approvals: approvalPolicySchema.optional(),
    needs: needsSchema.optional(),
    recovery: taskSpecSchema.shape.recovery.unwrap().optional(),
    retry: retryPolicySchema.optional(),
    // A relative path starts at the configuration's file.
    env: environmentSpecSchema.extend({ file: pathSchema.optional() }).optional(),
    deadline: durationSchema.optional(),
    runTimeout: durationSchema.optional(),
    idleTimeout: durationSchema.optional(),
  })
  .describe('The options of a task for which the command line says nothing.');

/** The schema of `runtime.config.json`. An unknown setting is an error. */
export const runtimeConfigSchema = z
  .strictObject({
    $schema: z.string().optional(),
    runtimes: runtimesSchema,
    defaults: defaultsSchema.optional(),
  })
  .describe('Configuration of the runtime command.');
/** The content of `runtime.config.json`. */
export type RuntimeConfig = z.infer<typeof runtimeConfigSchema>;
