import { z } from 'zod';

const variableName = /^[A-Za-z_]\w*$/;
const variableNameSchema = z.string().regex(variableName, 'a variable is letters, digits and underscores');
const value = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .refine((text) => !text.includes('\0'), 'a value holds no NUL');

/** Absolute on any system that we run on: the owner has another working directory than its callers. */
const absolute = /^(\/|[A-Za-z]:[\\/]|\\\\)/;

/**
 * The variables that a run's processes get beyond the default list. Values of `set` and `file` are treated as secrets
 * where their names say so: they are masked in events.
 */
export const environmentSpecSchema = z.strictObject({
  /** Names passed on from the `environment` of the request; without one, from the owner's own. */
  pass: z.array(variableNameSchema).max(200).readonly().optional(),
  /** Values by name. They are kept in a 0600 file until the task has ended, never in the log. */
  set: z.record(variableNameSchema, value(65_536)).optional(),
  /** Absolute path of a 0600 file of KEY=VALUE lines, read at each launch and never logged. */
  file: z.string().max(4096).regex(absolute, 'expected an absolute path').optional(),
});
export type EnvironmentSpec = z.infer<typeof environmentSpecSchema>;

/** What is recorded of an `EnvironmentSpec`: names, and no value. */
export const recordedEnvironmentSchema = z.strictObject({
  pass: environmentSpecSchema.shape.pass,
  /** Sorted. */
  setNames: z.array(variableNameSchema).readonly().optional(),
  /** By which the same values are known again; made with a key that is not in the log. */
  setDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Only in logs of versions that recorded the values. */
  set: environmentSpecSchema.shape.set,
  file: z.string().max(4096).optional(),
});
export type RecordedEnvironment = z.infer<typeof recordedEnvironmentSchema>;

const maxVariables = 2000;
const maxChars = 1024 * 1024;

/** Variables of the shell that asks: what a run gets of them is decided by the allow-list and by names. */
export const callerEnvironmentSchema = z
  .record(variableNameSchema, value(128 * 1024))
  .refine((variables) => Object.keys(variables).length <= maxVariables, `at most ${maxVariables} variables are taken`)
  .refine(
    (variables) =>
      Object.entries(variables).reduce((sum, [name, text]) => sum + name.length + text.length, 0) <= maxChars,
    'the variables are larger than 1 MiB',
  );

/** The names that `environment` had, as they are recorded. */
export const environmentNamesSchema = z.array(variableNameSchema).max(maxVariables).readonly();
