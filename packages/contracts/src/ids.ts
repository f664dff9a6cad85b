import { z } from 'zod';

/** Ids are lower-case letters, digits and dashes: safe in file names, tmux names, URIs and environment variables. */
const idText = /^[a-z0-9][a-z0-9-]{0,63}$/;
export const idSchema = z.string().regex(idText, 'an id is 1-64 lower-case letters, digits and dashes');

/** A runtime's id: the name under which it is configured. */
export const runtimeIdSchema = z.string().regex(idText, 'a runtime id is 1-64 lower-case letters, digits and dashes');

/** Ids that a backend made up: any text without control characters, capped. One pattern, because every increment has one and each further check costs. */
export const backendIdSchema = z
  .string()
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f\u007f-\u009f]{1,512}$/, 'an id is 1-512 characters, none of them a control character');

export const taskStream = (taskId: string): string => `task/${taskId}`;
export const runtimeStream = (runtimeId: string): string => `runtime/${runtimeId}`;
export const planeStream = 'plane';

/** The task's id of a `task/<id>` stream, else undefined. */
export function taskIdOf(stream: string): string | undefined {
  return stream.startsWith('task/') ? stream.slice(5) : undefined;
}
