import type { Decision, TaskView } from '@runtime/contracts';
import { usageError } from './usage-error.ts';

export type OpenApproval = TaskView['approvals'][number];

/** Finds the approval by its id, or the only open one. Throws INVALID_ARGUMENT. */
export function findApproval(view: TaskView, id: string | undefined): OpenApproval {
  const open = view.approvals;
  if (open.length === 0)
    throw usageError(`${view.id} has no open approval`, `runtime status ${view.id} shows the task`);
  const found = id === undefined && open.length === 1 ? open[0] : open.find((approval) => approval.id === id);
  if (found) return found;
  const ids = open.map((approval) => approval.id).join(', ');
  throw usageError(
    id === undefined ? 'several approvals are open' : `there is no open approval ${JSON.stringify(id)}`,
    `the open approvals are ${ids}`,
  );
}

/**
 * The decision that a text stands for: a choice by its id or label, or by `allow` or `deny` where one choice is of that
 * kind; else free text, where the approval takes it. Throws INVALID_ARGUMENT.
 */
export function parseDecision(approval: OpenApproval, text: string): Decision {
  const exact = approval.choices.find((choice) => choice.id === text || choice.label === text);
  if (exact) return { choice: exact.id };
  const byKind = approval.choices.filter((choice) => choice.kind === text);
  if (byKind.length === 1 && byKind[0]) return { choice: byKind[0].id };
  if (approval.input) return { value: text };
  const choices = approval.choices.map((choice) => choice.id).join(', ');
  throw usageError(`${JSON.stringify(text)} is not a choice of ${approval.id}`, `the choices are ${choices}`);
}

/** Splits `[approval] [choice]`: where one approval is open, a single word is the choice. */
export function splitAnswer(
  view: TaskView,
  first: string | undefined,
  second: string | undefined,
): { readonly approval: string | undefined; readonly choice: string | undefined } {
  if (first === undefined || second !== undefined) return { approval: first, choice: second };
  const isApproval = view.approvals.some((approval) => approval.id === first);
  return isApproval || view.approvals.length !== 1
    ? { approval: first, choice: undefined }
    : { approval: undefined, choice: first };
}
