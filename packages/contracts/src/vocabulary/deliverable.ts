import { z } from 'zod';

/** Control characters and backslashes: in no name of an artifact. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f\\]/;

/**
 * A pattern for files of a directory, as `dist/*.js` and `reports/**`; a plain name is a file. It cannot name anything
 * outside of the directory. A name that begins with a dot is matched only where the pattern says the dot.
 */
export const globSchema = z
  .string()
  .min(1, 'a pattern has at least one character')
  .max(1024)
  .refine((glob) => !forbidden.test(glob), 'a pattern has neither control characters nor backslashes')
  .refine((glob) => !glob.startsWith('/'), 'a pattern is relative to its directory')
  .refine((glob) => !glob.split('/').includes('..'), 'a pattern does not leave its directory');

/** Files of the workspace that become artifacts at the end of a task. */
export const deliverableSchema = z.strictObject({
  /** Of names relative to the workspace; `.git` and `node_modules` are looked into only where it names them. */
  glob: globSchema,
  /**
   * A task that succeeds without a file for it is `failed` after all, with `deliverable_missing`. Where it has a check
   * with rounds left, its agent is told what is missing, and goes on. @default true
   */
  required: z.boolean().default(true),
});
export type Deliverable = z.infer<typeof deliverableSchema>;
