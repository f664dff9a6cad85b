import {
  AgentRuntimeError,
  steerCapabilitySchema,
  type Receipt,
  type SendOptions,
  type TaskHandle,
  type TaskView,
} from '@runtime/contracts';
import { z } from 'zod';
import type { CommandContext } from '../invocation/context.ts';
import { defined } from '../defined.ts';
import { findTask } from '../plane/find-task.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { shortId } from '../render/short-id.ts';
import type { Handler } from '../invocation/handle.ts';
import { readText } from './read-text.ts';

const instructOptionsSchema = z.object({
  promptFile: z.string().optional(),
  wait: z.enum(['accepted', 'delivered', 'observed']).optional(),
  waitTimeout: z.int().default(60_000),
  key: z.string().optional(),
  expires: z.int().optional(),
  ifTurn: z.string().optional(),
});

/** `runtime steer`. */
export const steer: Handler = (context, args, given) =>
  instruct(context, args, given, (task, text, options) => task.steer(text, options));

/** `runtime follow-up`. */
export const followUp: Handler = (context, args, given) =>
  instruct(context, args, given, (task, text, options) => task.followUp(text, options));

async function instruct(
  context: CommandContext,
  [id, text]: readonly (string | undefined)[],
  given: Record<string, unknown>,
  send: (task: TaskHandle, text: string, options: SendOptions) => Promise<Receipt>,
): Promise<void> {
  const options = instructOptionsSchema.parse(given);
  const { signal } = context;
  const source = { name: 'text', argument: text, file: options.promptFile } as const;
  const content = await readText(context.deps, source, signal);
  const plane = await context.writing();
  const view = await findTask(context, plane, id);
  const expiresAt = options.expires === undefined ? undefined : Date.now() + options.expires;
  const { key, ifTurn } = options;
  // A runtime may accept at once; nothing reaches an agent while it waits for this command.
  if (options.wait !== undefined && options.wait !== 'accepted') await refuseOwnTask(context, plane, [view.id]);
  refuseUnprovable(view, options.wait);
  const receipt = await send(plane.task(view.id), content, defined({ key, ifTurn, expiresAt, by: 'cli', signal }));
  try {
    if (options.wait !== undefined) {
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(options.waitTimeout)]);
      await receipt.reached(options.wait, { signal: waiting });
    }
  } finally {
    // Also when it did not come that far: it is queued or sent, and has an id to look it up by.
    await report(context, receipt, plane.task(view.id));
  }
}

async function report({ out, signal }: CommandContext, receipt: Receipt, task: TaskHandle): Promise<void> {
  // After Ctrl-C too: the answer is at hand.
  const level = await receipt.level(signal.aborted ? {} : { signal });
  await out.document({ taskId: receipt.taskId, instructionId: receipt.instructionId, level });
  if (out.quiet) return out.bare(receipt.instructionId);
  const isAfterCheck = level === 'queued' && !signal.aborted && (await isBeingChecked(task, signal));
  const after = isAfterCheck ? ': the work is being checked; the agent gets it after that' : '';
  await out.line(`${shortId(receipt.instructionId)} ${level}${after}`);
}

/** False where it cannot be asked: the instruction is queued all the same. */
const isBeingChecked = (task: TaskHandle, signal: AbortSignal): Promise<boolean> =>
  task.status({ signal }).then(
    ({ waitingFor }) => waitingFor?.kind === 'check',
    () => false,
  );

type Level = NonNullable<z.output<typeof instructOptionsSchema>['wait']>;

/** Before anything is queued: a steer that was typed cannot be taken back. */
function refuseUnprovable({ runs }: TaskView, wanted: Level | undefined): void {
  const run = runs.at(-1);
  const most = run?.status === 'ended' ? undefined : run?.capabilities?.steer;
  if (wanted === undefined || run === undefined || most === undefined) return;
  const levels: readonly string[] = steerCapabilitySchema.options;
  if (most === 'none' || levels.indexOf(wanted) <= levels.indexOf(most)) return;
  const can = most === 'unknown' ? 'cannot prove what becomes of an instruction' : `can prove no more than ${most}`;
  throw new AgentRuntimeError('UNSUPPORTED', `${run.runtime} ${can}; nothing was sent`, {
    retry: 'never',
    hint: most === 'unknown' ? 'send it without --wait' : `wait for ${most}, or send it without --wait`,
    details: { provable: most },
  });
}
