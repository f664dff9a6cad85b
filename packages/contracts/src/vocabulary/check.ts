import { z } from 'zod';
import type { Exit } from './handle.ts';

const argument = z
  .string()
  .max(32_768)
  .refine((text) => !text.includes('\0'), 'an argument has no NUL');

/**
 * A command that decides whether the work of a task is done: its exit code 0 says so, and not the agent. With what a
 * caller says while it runs the agent goes on afterwards, whether it passed or failed, and is checked again.
 */
export const checkSchema = z.strictObject({
  /**
   * The program and its arguments, one each; no shell reads them. It runs in the workspace once the agent has ended, with
   * the environment of a run, but for what is passed for a runtime.
   */
  command: z
    .array(argument)
    .min(1)
    .max(1000)
    .refine(([program]) => program !== '', 'the program has no name')
    .readonly(),
  /**
   * How often the agent is told what the check printed, and goes on: in the same conversation where its runtime can
   * resume, else it starts over. So is a required deliverable told that is missing after a check that passed. Going on
   * with an instruction of a caller is not counted. @default 3
   */
  maxRounds: z.int().min(0).max(20).default(3),
  /** Of one check, in ms, at most 90 days; then it has failed. @default 600000 */
  timeoutMs: z
    .int()
    .min(1)
    .max(90 * 86_400_000)
    .default(600_000),
});
export type Check = z.infer<typeof checkSchema>;

/**
 * Why a check did not come to its own end: it took longer than its `timeoutMs`, or than the task has; the task was
 * cancelled; it printed more than 16 MiB; it could not be run; or its process was lost, again and again.
 */
export const checkCauseSchema = z.enum(['timeout', 'deadline', 'cancel', 'output_limit', 'unavailable', 'lost']);
export type CheckCause = z.infer<typeof checkCauseSchema>;

const causes: { readonly [C in CheckCause]: string } = {
  timeout: 'it took too long',
  deadline: 'the deadline of the task was reached',
  cancel: 'the task was cancelled',
  output_limit: 'it printed too much',
  unavailable: 'it could not be run',
  lost: 'its process was lost again and again',
};

/** Why a check did not pass, in words, as its event and its view have it. The message in it is not sanitised. */
export function whyCheckFailed({
  exit,
  cause,
  message,
}: {
  readonly exit?: Exit | undefined;
  readonly cause?: CheckCause | undefined;
  readonly message?: string | undefined;
}): string {
  if (cause !== undefined) return message === undefined ? causes[cause] : `${causes[cause]}: ${message}`;
  if (exit?.kind === 'exited') return `it exited with ${exit.code}`;
  return exit?.kind === 'signaled' ? `it was ended by ${exit.signal}` : 'how it ended is unknown';
}
