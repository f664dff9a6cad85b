import { AgentRuntimeError, messageWithHint, type RemovalReport, type Retention } from '@runtime/contracts';
import { z } from 'zod';
import { usageError } from '../arguments/usage-error.ts';
import { findRetention } from '../config/retention.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CommandContext } from '../invocation/context.ts';
import type { Handler } from '../invocation/handle.ts';
import { findTask } from '../plane/find-task.ts';
import { openToEnd } from '../plane/open-to-end.ts';
import { formatBytes } from '../render/bytes.ts';
import { shortId } from '../render/short-id.ts';
import { sanitizeLine } from '../sanitize.ts';
import { describeRetention } from '../render/retention.ts';

const removeOptionsSchema = z.object({ dryRun: z.boolean().default(false), why: z.string().optional() });

const nothing: RemovalReport = { tasks: 0, taskIds: [], kept: [], runs: 0, events: 0, bytes: 0, artifactBytes: 0 };

/** `runtime rm`. */
export const remove: Handler = async (context, names, given) => {
  const options = optionsOf(context, given);
  const { plane } = await openToEnd(context);
  const ids = new Set<string>();
  // All of them first: a mistake in the last name removes nothing.
  for (const name of names) ids.add((await findTask(context, plane, name)).id);
  let total = nothing;
  for (const id of ids) {
    const report = await plane
      .task(id)
      .remove(options)
      .catch((thrown: unknown) => {
        if (ids.size === 1 || context.signal.aborted) throw thrown;
        // The others go all the same.
        return { ...nothing, kept: [{ taskId: id, why: messageWithHint(AgentRuntimeError.from(thrown)) }] };
      });
    total = sum(total, report);
  }
  await tell(context, total, options.dryRun);
  return total.kept.length > 0 ? exitCodes.failed : exitCodes.succeeded;
};

const sum = (a: RemovalReport, b: RemovalReport): RemovalReport => ({
  tasks: a.tasks + b.tasks,
  taskIds: [...a.taskIds, ...b.taskIds],
  kept: [...a.kept, ...b.kept],
  runs: a.runs + b.runs,
  events: a.events + b.events,
  bytes: a.bytes + b.bytes,
  artifactBytes: a.artifactBytes + b.artifactBytes,
});

const pruneOptionsSchema = z.object({
  olderThan: z.int().optional(),
  keep: z.int().optional(),
  size: z.int().optional(),
});

/** `runtime prune`. */
export const prune: Handler = async (context, _args, given) => {
  const options = optionsOf(context, given);
  const retention = limitsOf(given) ?? (await retentionHere(context));
  const { plane } = await openToEnd(context);
  const report = await plane.prune(retention, options);
  await tell(context, report, options.dryRun);
};

function optionsOf({ signal }: CommandContext, given: Record<string, unknown>) {
  const { dryRun, why } = removeOptionsSchema.parse(given);
  return { signal, by: 'cli', dryRun, ...(why === undefined ? {} : { why }) };
}

function limitsOf(given: Record<string, unknown>): Retention | undefined {
  const { olderThan, keep, size } = pruneOptionsSchema.parse(given);
  if (olderThan === undefined && keep === undefined && size === undefined) return undefined;
  return {
    ...(olderThan === undefined ? {} : { olderThanMs: olderThan }),
    ...(keep === undefined ? {} : { keep }),
    ...(size === undefined ? {} : { maxBytes: size }),
  };
}

async function retentionHere({ dataDir, deps, out }: CommandContext): Promise<Retention> {
  const { retention, path } = await findRetention({ dataDir, home: deps.home });
  if (retention === false)
    throw usageError(`${path} says that everything is kept`, 'name a limit: --older-than, --keep or --size');
  out.remark(
    `by the retention ${path === undefined ? 'that is the default' : `of ${path}`}: ${describeRetention(retention)}`,
  );
  return retention;
}

async function tell(context: CommandContext, report: RemovalReport, dryRun: boolean): Promise<void> {
  const { out, program } = context;
  const { tasks, taskIds, runs, events, bytes, artifactBytes } = report;
  await out.document({ ...report, dryRun });
  if (out.quiet) return out.bare(taskIds.join('\n'));
  const what = `${count(tasks, 'task')} (${count(events, 'event')}, ${count(runs, 'directory of a run', 'directories of runs')}, ${dryRun ? 'about ' : ''}${formatBytes(bytes)})`;
  await out.line(dryRun ? `would remove ${what}` : `removed ${what}`);
  for (const { taskId, why } of report.kept) out.note(`${shortId(taskId)} stays: ${sanitizeLine(why, 500)}`);
  if (artifactBytes === 0) return;
  const those = `${formatBytes(artifactBytes)} of artifacts`;
  out.remark(
    dryRun
      ? `${those} would go with the next collection`
      : context.spoken(`up to ${those} go with the next collection: ${program} artifacts gc --remove`),
  );
}

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
