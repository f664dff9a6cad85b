import { z } from 'zod';

const argv = z.array(z.string().min(1).max(4096)).min(1).max(100).readonly();

/**
 * How a person joins a live run at its terminal: a program and its arguments, run with the person's own terminal as
 * standard input and output.
 * Holds no secrets: it is recorded in `run.started`, and in `run.reattached` when it moved, and shown in the task's view.
 */
export const attachSchema = z.object({
  command: argv,
  /** Shows the terminal without passing on what is typed; left out where the runtime cannot. */
  readOnly: argv.optional(),
});
export type Attach = z.infer<typeof attachSchema>;
