/** Thrown by a case that does not concern the adapter: its test is skipped with the message as the reason. */
export class NotApplicable extends Error {}

/** Leaves a case and records why it does not apply to this adapter. */
export function doesNotApply(reason: string): never {
  throw new NotApplicable(reason);
}
