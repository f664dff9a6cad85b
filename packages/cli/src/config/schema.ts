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
import { durationPattern, parseAge, parseDuration } from '../arguments/duration.ts';
import { parseSize, sizePattern } from '../arguments/size.ts';
import { maxConcurrency } from './concurrency.ts';

/** A text of this form that the command line's own parser takes. */
const parsedText = (pattern: RegExp, expected: string, parse: (text: string) => unknown) =>
  z
    .string()
    .regex(pattern, { error: expected, abort: true })
    .superRefine((value, context) => {
      try {
        parse(value);
      } catch (error) {
        context.addIssue({ code: 'custom', message: AgentRuntimeError.from(error).rawMessage, input: value });
      }
    });

const expectedDuration = 'expected a duration with units, such as "10m" or "1h30m"';
const durationSchema = parsedText(durationPattern, expectedDuration, parseDuration).describe(
  'A duration with units: 500ms, 90s, 10m, 1h30m, 2d.',
);

const retentionSchema = z
  .union([
    z.literal(false),
    z
      .strictObject({
        olderThan: parsedText(durationPattern, expectedDuration, parseAge)
          .optional()
          .describe('Tasks that ended longer ago go: 30d.'),
        keep: z.int().min(0).optional().describe('Only so many stay, those that ended last.'),
        size: parsedText(sizePattern, 'expected a size with a unit, such as "5G"', parseSize)
          .optional()
          .describe('The oldest go until the data directory has about this size: 500M, 5G.'),
      })
      .refine(
        (limits) => Object.values(limits).some((limit) => limit !== undefined),
        'expected olderThan, keep or size, or false to keep everything',
      ),
  ])
  .describe(
    'Which ended tasks stay; the owner removes the others. Read from the nearest file above the data directory, else from that of the home directory. Default: {"olderThan": "90d", "keep": 10000}. false keeps everything.',
  );

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

/** A configuration that a host brings. */
export const runtimeConfigSchema = z.strictObject({
  $schema: z.string().optional(),
  runtimes: runtimesSchema,
  defaults: defaultsSchema.optional(),
  retention: retentionSchema.optional(),
});
/** A whole configuration. */
export type RuntimeConfig = z.infer<typeof runtimeConfigSchema>;

/** The schema of `runtime.config.json`. An unknown setting is an error; without runtimes, those of this machine count. */
export const configFileSchema = runtimeConfigSchema
  .extend({ runtimes: runtimesSchema.optional() })
  .describe('Configuration of the runtime command.');
/** The content of `runtime.config.json`. */
export type ConfigFile = z.infer<typeof configFileSchema>;
