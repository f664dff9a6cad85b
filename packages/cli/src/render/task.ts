import type { TaskStatus, TaskView } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import type { Colours } from './output.ts';
import { sanitizeLine } from '../sanitize.ts';
import { describeApproval } from './approval.ts';
import { describeOutcome } from './summary.ts';
import { formatTable } from './table.ts';

const statusColour: { readonly [S in TaskStatus]: 'green' | 'red' | 'yellow' | 'cyan' | 'dim' } = {
  succeeded: 'green',
  failed: 'red',
  lost: 'red',
  timed_out: 'red',
  waiting: 'yellow',
  running: 'cyan',
  queued: 'dim',
  cancelled: 'dim',
};

/** The status in its colour. */
export function paintStatus(status: TaskStatus, c: Colours): string {
  return c[statusColour[status]](status);
}

/** Milliseconds from the submission to the end, or until now. */
function elapsedMs(view: TaskView, now: number): number {
  return (view.endedAt ?? now) - view.submittedAt;
}

/** The lines of `runtime list`: a heading, then one line per task. */
export function formatTaskList(views: readonly TaskView[], now: number, c: Colours, columns: number): string[] {
  const head = ['TASK', 'STATUS', 'RUNTIME', 'AGE', 'TITLE'];
  const rows = views.map((view) => [
    view.id,
    view.status,
    view.runs.at(-1)?.runtime ?? '-',
    formatDuration(now - view.submittedAt),
    sanitizeLine(view.title, Math.max(20, columns - 65)),
  ]);
  const statuses = views.map((view) => view.status);
  return formatTable([head, ...rows], (cell, row, column) => {
    const status = statuses[row - 1];
    if (row === 0) return c.dim(cell);
    return column === 1 && status !== undefined ? paintStatus(status, c) : cell;
  });
}

/** The lines of `runtime status`. The first one alone stands for the task. */
export function formatTask(view: TaskView, now: number, c: Colours): string[] {
  const targets = view.targets.map((target) => [target.runtime, target.model].filter(Boolean).join(':')).join(', ');
  const lines = [
    `${c.bold(view.id)}  ${paintStatus(view.status, c)}  ${formatDuration(elapsedMs(view, now))}`,
    `title      ${sanitizeLine(view.title)}`,
    `workspace  ${sanitizeLine(view.workspace, 1000)}`,
    `runtimes   ${sanitizeLine(targets, 1000)}`,
  ];
  if (view.outcome) lines.push(`outcome    ${describeOutcome(view.outcome)}`);
  if (view.cancelRequested && !view.outcome) lines.push(c.yellow('cancel requested'));
  if (view.nextAttemptAt !== undefined) lines.push(`next run   in ${formatDuration(view.nextAttemptAt - now)}`);
  lines.push(...formatRuns(view, c), ...formatInstructions(view, c));
  for (const approval of view.approvals) lines.push('', describeApproval(approval, view.id, c));
  return lines;
}

function formatRuns(view: TaskView, c: Colours): string[] {
  if (view.runs.length === 0) return [];
  const rows = view.runs.map((run) => [
    String(run.attempt),
    run.runtime,
    run.mode,
    run.status,
    run.outcome === undefined ? '' : describeOutcome(run.outcome),
  ]);
  return [
    '',
    ...formatTable([['RUN', 'ON', 'MODE', 'STATUS', 'OUTCOME'], ...rows], (cell, row) =>
      row === 0 ? c.dim(cell) : cell,
    ),
  ];
}

function formatInstructions(view: TaskView, c: Colours): string[] {
  const rows = view.instructions.map((item) => [item.id, item.mode, item.level, sanitizeLine(item.reason ?? '')]);
  if (rows.length === 0) return [];
  return [
    '',
    ...formatTable([['INSTRUCTION', 'MODE', 'LEVEL', ''], ...rows], (cell, row) => (row === 0 ? c.dim(cell) : cell)),
  ];
}
