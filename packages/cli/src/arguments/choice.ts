import type { Decision, TaskView } from '@runtime/contracts';
import { usageError } from './usage-error.ts';

export type OpenApproval = TaskView['approvals'][number];

/** The approval that was meant: by its id, or the only one there is. */
export function findApproval(view: TaskView, id: string | undefined): OpenApproval {
  const open = view.approvals;
  if (open.length === 0) throw usageError(`no approval of ${view.id} is open`, `runtime status ${view.id}`);
  const found = id === undefined && open.length === 1 ? open[0] : open.find((approval) => approval.id === id);
  if (found) return found;
  const ids = open.map((approval) => approval.id).join(', ');
  throw usageError(
    id === undefined ? 'several approvals are open' : `no open approval ${JSON.stringify(id)}`,
    `open: ${ids}`,
  );
}

/** A choice by its id or label, or by `allow` / `deny` where only one choice is of that kind. Else free text, where the request takes it. */
export function parseDecision(approval: OpenApproval, text: string): Decision {
  const exact = approval.choices.find((choice) => choice.id === text || choice.label === text);
  if (exact) return { choice: exact.id };
  const byKind = approval.choices.filter((choice) => choice.kind === text);
  if (byKind.length === 1 && byKind[0]) return { choice: byKind[0].id };
  if (approval.input) return { value: text };
  const choices = approval.choices.map((choice) => choice.id).join(', ');
  throw usageError(`${JSON.stringify(text)} is not a choice of ${approval.id}`, `choices: ${choices}`);
}

/** `answer <task> [approval] [choice]`: with one word and one open approval, the word may be the choice. */
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
