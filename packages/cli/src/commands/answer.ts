import type { Decision, TaskView } from '@runtime/contracts';
import { z } from 'zod';
import { findApproval, parseDecision, splitAnswer, type OpenApproval } from '../arguments/choice.ts';
import { usageError } from '../arguments/usage-error.ts';
import type { CommandContext } from '../invocation/context.ts';
import { findTask } from '../plane/find-task.ts';
import { describeApproval } from '../render/approval.ts';
import { shortId } from '../render/short-id.ts';
import { sanitizeLine } from '../sanitize.ts';
import type { Handler } from '../invocation/handle.ts';

const answerOptionsSchema = z.object({ value: z.string().optional(), why: z.string().optional() });
type AnswerOptions = z.infer<typeof answerOptionsSchema>;

/** `runtime answer`. */
export const answer: Handler = async (context, [id, first, second], given) => {
  const options = answerOptionsSchema.parse(given);
  const typed = first !== undefined || options.value !== undefined;
  const asking = !typed && canAsk(context);
  // A list changes nothing and needs no owner.
  if (!typed && !asking) return listApprovals(context, await findTask(context, await context.reading(), id));
  const plane = await context.writing();
  const view = await findTask(context, plane, id);
  if (!typed && view.approvals.length === 0) return listApprovals(context, view);
  const { approval, decision } = await decide(context, view, [first, second], options);
  const why = options.why === undefined ? {} : { why: options.why };
  await plane.task(view.id).answer(approval.id, decision, { by: 'cli', signal: context.signal, ...why });
  await context.out.document({ taskId: view.id, approvalId: approval.id, decision });
  await context.out.line(`${sanitizeLine(approval.title)}: ${sanitizeLine(decision.choice ?? decision.value ?? '')}`);
};

/** A question is shown, which `--quiet` would hide. */
const canAsk = ({ out, deps }: CommandContext): boolean => out.live && !out.quiet && deps.stdin.isTTY === true;

async function listApprovals({ out, program }: CommandContext, view: TaskView): Promise<void> {
  const command = `${program} answer ${shortId(view.id)}`;
  await out.document(view.approvals);
  if (out.quiet) return out.bare(view.approvals.map((approval) => sanitizeLine(approval.id)).join('\n'));
  if (view.approvals.length === 0) return out.line(`${shortId(view.id)} has no open approval`);
  for (const approval of view.approvals) await out.line(describeApproval(approval, command, out.colours));
}

async function decide(
  context: CommandContext,
  view: TaskView,
  [first, second]: readonly (string | undefined)[],
  { value }: AnswerOptions,
): Promise<{ readonly approval: OpenApproval; readonly decision: Decision }> {
  if (value !== undefined) {
    if (second !== undefined) throw usageError('give either a choice or --value, not both');
    return { approval: findApproval(view, first), decision: { value } };
  }
  const split = splitAnswer(view, first, second);
  const approval = findApproval(view, split.approval);
  if (split.choice !== undefined) return { approval, decision: parseDecision(approval, split.choice) };
  if (!canAsk(context)) {
    const choices = approval.choices.map((choice) => choice.id).join(', ');
    throw usageError(`the answer to ${approval.id} is missing`, `the choices are ${choices}`);
  }
  return { approval, decision: await pick(context, view.id, approval) };
}

/** Asks at the terminal until a number or a word fits a choice, at most five times. */
async function pick(context: CommandContext, taskId: string, approval: OpenApproval): Promise<Decision> {
  const { out, deps, signal } = context;
  await out.line(describeApproval(approval, `${context.program} answer ${shortId(taskId)}`, out.colours));
  for (const [index, choice] of approval.choices.entries())
    await out.line(`  ${index + 1}  ${sanitizeLine(choice.label)}`);
  for (let tries = 0; tries < 5; tries += 1) {
    const text = (await deps.ask('> ', signal)).trim();
    const numbered = /^\d+$/.test(text) ? approval.choices[Number(text) - 1] : undefined;
    if (numbered) return { choice: numbered.id };
    if (text === '') continue;
    try {
      return parseDecision(approval, text);
    } catch {
      out.note('that is not one of the choices');
    }
  }
  throw usageError('no answer was given; the approval stays open');
}
