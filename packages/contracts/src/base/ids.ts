import { z } from 'zod';

const idText = /^[a-z0-9][a-z0-9-]{0,63}$/;
/**
 * Ids of tasks, runs and instructions: 1-64 lower-case letters, digits and dashes, safe in file names, tmux names, URIs
 * and variables.
 */
export const idSchema = z.string().regex(idText, 'an id is 1-64 lower-case letters, digits and dashes');

/** A runtime's id: the name under which it is configured. */
export const runtimeIdSchema = z.string().regex(idText, 'a runtime id is 1-64 lower-case letters, digits and dashes');

/** One pattern, because every increment has such an id and each further check costs. */
// oxlint-disable-next-line no-control-regex
const backendIdText = /^[^\u0000-\u001f\u007f-\u009f]{1,512}$/;
/** Ids that a backend made up: 1-512 characters without control characters. */
export const backendIdSchema = z
  .string()
  .regex(backendIdText, 'an id is 1-512 characters, none of them a control character');

/** What `backendIdSchema` says, without its costs. */
export const isBackendId = (value: unknown): value is string => typeof value === 'string' && backendIdText.test(value);
