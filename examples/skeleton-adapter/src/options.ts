import { fileURLToPath } from 'node:url';
import { parseOptions } from '@runtime/adapter-kit/run';
import { runtimeIdSchema } from '@runtime/contracts';
import { z } from 'zod';

// #region skeleton-options
export interface ParrotOptions {
  /** The runtime's id, by which targets name it. @default 'parrot' */
  readonly id?: string;
  /** The agent's program and the arguments that come first. @default the script beside this file */
  readonly command?: readonly string[];
}

const optionsSchema = z.strictObject({
  id: runtimeIdSchema.default('parrot'),
  command: z
    .array(z.string())
    .min(1)
    .default([process.execPath, fileURLToPath(new URL('./agent/parrot.ts', import.meta.url))]),
});

/** The options as validated, with every default filled in. */
export type ParrotSettings = Readonly<z.infer<typeof optionsSchema>>;

/** Throws INVALID_ARGUMENT for options that `parrot()` does not take, a misspelt one included. */
export const settingsOf = (options: ParrotOptions): ParrotSettings => parseOptions(optionsSchema, options, 'parrot()');
// #endregion
