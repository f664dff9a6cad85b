import { approvalPolicySchema, globSchema, type Deliverable, type SubmitRequest } from '@runtime/contracts';
import { z } from 'zod';
import { parseDuration } from '../arguments/duration.ts';
import { parseNeeds } from '../arguments/needs.ts';
import { optionValue } from '../arguments/option-value.ts';
import { parsePolicyRule } from '../arguments/policy.ts';
import { parseTargets } from '../arguments/targets.ts';
import { usageError } from '../arguments/usage-error.ts';
import { defined } from '../defined.ts';

/** As commander leaves them. */
const givenSchema = z.object({
  promptFile: z.string().optional(),
  on: z.string().optional(),
  model: z.string().optional(),
  thinking: z.string().optional(),
  label: z.array(z.tuple([z.string(), z.string()])).optional(),
  workspace: z.string().optional(),
  worktree: z.union([z.literal(true), z.string()]).optional(),
  onRestart: z.enum(['keep', 'restore', 'refuse']).optional(),
  title: z.string().optional(),
  deliverable: z.array(z.string()).optional(),
  keep: z.array(z.string()).optional(),
  ignoreWritten: z.boolean().default(false),
  check: z.string().optional(),
  checkRounds: z.int().optional(),
  checkTimeout: z.int().optional(),
  untilClosed: z.boolean().default(false),
  deadline: z.int().optional(),
  runTimeout: z.int().optional(),
  idleTimeout: z.int().optional(),
  needs: z.string().optional(),
  recovery: z.enum(['auto', 'manual', 'restart']).optional(),
  retries: z.int().optional(),
  key: z.string().optional(),
  approve: z.array(z.string()).optional(),
  approvalTimeout: z.string().optional(),
  envPass: z.array(z.string()).optional(),
  envFrom: z.string().optional(),
  shareWorkspace: z.boolean().optional(),
  continue: z.string().optional(),
});

/** The options of `run` and `submit`. */
export type TaskOptions = ReturnType<typeof parseTaskOptions>;

/** Parses the options of `run` and `submit`. Throws INVALID_ARGUMENT that names the option. */
export function parseTaskOptions(command: 'run' | 'submit', given: Record<string, unknown>) {
  const {
    on,
    needs,
    approve,
    approvalTimeout,
    deliverable = [],
    keep = [],
    check,
    checkRounds,
    checkTimeout,
    ...options
  } = givenSchema.parse(given);
  if (options.onRestart === 'restore' && options.worktree === undefined && options.continue === undefined)
    throw usageError('--on-restart restore is for a worktree of the task', 'add --worktree');
  if (options.worktree !== undefined && options.continue !== undefined)
    throw usageError('--continue goes on where the earlier task worked', 'leave --worktree out');
  if (check === undefined && (checkRounds ?? checkTimeout) !== undefined)
    throw usageError('--check-rounds and --check-timeout say how --check is done', 'name the command with --check');
  return {
    ...options,
    check: optionValue(`${command} --check`, check, (text) => parseCheck(text, { checkRounds, checkTimeout })),
    on: optionValue(`${command} --on`, on, parseTargets),
    needs: optionValue(`${command} --needs`, needs, parseNeeds),
    deliverables: [
      ...deliverable.flatMap((text) => optionValue(`${command} --deliverable`, text, parseDeliverable(true)) ?? []),
      ...keep.flatMap((text) => optionValue(`${command} --keep`, text, parseDeliverable(false)) ?? []),
    ],
    approve: approve?.flatMap((text) => optionValue(`${command} --approve`, text, parsePolicyRule) ?? []),
    approvalTimeout: optionValue(`${command} --approval-timeout`, approvalTimeout, parseApprovalTimeout),
  };
}

const parseDeliverable =
  (required: boolean) =>
  (text: string): Deliverable => {
    const problem = globSchema.safeParse(text).error?.issues[0]?.message;
    if (problem !== undefined) throw usageError(`${JSON.stringify(text)}: ${problem}`);
    return { glob: text, required };
  };

/** A shell of the person's own reads the command, as it was typed. */
function parseCheck(
  text: string,
  {
    checkRounds,
    checkTimeout,
  }: { readonly checkRounds?: number | undefined; readonly checkTimeout?: number | undefined },
): NonNullable<SubmitRequest['check']> {
  if (text.trim() === '') throw usageError('the command is empty', 'name one: --check "npm test"');
  return { command: ['sh', '-c', text], ...defined({ maxRounds: checkRounds, timeoutMs: checkTimeout }) };
}

const approvalTimeoutSchema = approvalPolicySchema.shape.timeoutMs.unwrap();

function parseApprovalTimeout(text: string): number {
  const ms = parseDuration(text);
  if (!approvalTimeoutSchema.safeParse(ms).success)
    throw usageError(`an approval can stay open for at most 30d, not ${text}`);
  return ms;
}
