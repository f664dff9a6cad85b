import type { EndRequest, TaskStatus, TaskView } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import type { Mount } from '../mount.ts';
import type { Colours } from './output.ts';
import { sanitizeLine } from '../sanitize.ts';
import { answerCommand, describeApproval } from './approval.ts';
import { formatBytes } from './bytes.ts';
import { formatCheck } from './check.ts';
import { wrapLine } from './fit.ts';
import { describeModel } from './model.ts';
import { shortId } from './short-id.ts';
import { describeOutcome, formatDate } from './summary.ts';
import { formatTable } from './table.ts';
import { formatUsage, totalUsage } from './usage.ts';
import { describeWaiting } from './waiting.ts';

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

/** What was asked for: `pi:<model>, tmux`. Sanitised. */
export function formatTargets(view: TaskView, separator = ', '): string {
  const names = view.targets.map(({ runtime, model }) => (model === undefined ? runtime : `${runtime}:${model}`));
  return sanitizeLine(names.join(separator), 1000);
}

/** `team=a urgent=yes`. Sanitised; empty without labels. */
export function formatLabels(view: TaskView): string {
  const pairs = Object.entries(view.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  return sanitizeLine(pairs.join(' '), 200);
}

/** How lines about a task are written. */
export interface TaskStyle {
  readonly now: number;
  readonly colours: Colours;
  readonly columns: number;
  /** How the program is called in commands to copy. */
  readonly program: string;
  /** Which commands it has. @default every one */
  readonly mount?: Mount | undefined;
  /** What brings an owner, as `startsOwner` says it. @default as the plane says it */
  readonly starts?: string;
}

/** The line that stands for the task: its short id, status and age, and the title. */
export function formatTaskLine(view: TaskView, { now, colours: c }: Pick<TaskStyle, 'now' | 'colours'>): string {
  const elapsed = formatDuration((view.endedAt ?? now) - view.submittedAt);
  return `${c.bold(shortId(view.id))}  ${paintStatus(view.status, c)}  ${elapsed}`;
}

/** The lines of `runtime status`. */
export function formatTask(view: TaskView, style: TaskStyle): string[] {
  const { colours: c, columns, program, mount } = style;
  const facts = formatFacts(view, style).map(([name, value]) =>
    wrapLine(`${c.dim(name.padEnd(10))} ${value}`, columns, ' '.repeat(11)),
  );
  const lines = [formatTaskLine(view, style), ...facts, ...formatRuns(view, style), ...formatInstructions(view, style)];
  for (const approval of view.approvals)
    lines.push('', describeApproval(approval, answerCommand(program, view.id, mount), c));
  return lines.flatMap((line) => line.split('\n'));
}

type Fact = readonly [name: string, value: string];

function formatFacts(view: TaskView, { now, colours: c, starts }: TaskStyle): Fact[] {
  const run = view.runs.at(-1);
  const waiting = describeWaiting(view, { now, starts });
  const usage = totalUsage(view);
  const pending = view.outcome ? (text: string): string => text : c.yellow;
  const asked = (request: EndRequest): string => pending(formatEndRequest(request));
  const times = [
    `submitted ${formatDate(view.submittedAt)}`,
    run?.startedAt === undefined
      ? ''
      : `first run after ${formatDuration((view.runs[0]?.startedAt ?? 0) - view.submittedAt)}`,
    view.endedAt === undefined ? '' : `ended ${formatDate(view.endedAt)}`,
  ];
  const facts: (readonly [string, string | undefined])[] = [
    ['id', view.id],
    ['title', sanitizeLine(view.title)],
    ['outcome', view.outcome && describeOutcome(view.outcome)],
    ['waiting', waiting === undefined ? undefined : c.yellow(waiting)],
    ['close', view.close && asked(view.close)],
    ['cancel', view.cancel && asked(view.cancel)],
    ['last said', view.lastMessage === undefined ? undefined : sanitizeLine(view.lastMessage, 300)],
    ['check', view.check && formatCheck(view.check)],
    ['artifacts', view.artifacts && `${view.artifacts.count} (${formatBytes(view.artifacts.bytes)})`],
    ['times', times.filter((part) => part !== '').join(', ')],
    ['runtimes', formatTargets(view)],
    ['model', view.model && describeModel(view.model)],
    ['usage', usage && formatUsage(usage)],
    ['labels', formatLabels(view) || undefined],
    ['workspace', sanitizeLine(view.workspace, 1000)],
    ['worktree', view.worktree && describeWorktree(view.worktree)],
    ['files', run && sanitizeLine(run.runDir, 1000)],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function describeWorktree({ dir, branch, base, preserved }: NonNullable<TaskView['worktree']>): string {
  const changes = preserved === undefined ? '' : preserved.changed ? ', changed' : ', unchanged';
  return `${sanitizeLine(dir, 1000)} (${sanitizeLine(branch)} from ${base.slice(0, 10)}${changes})`;
}

function formatEndRequest({ by, at, why }: EndRequest): string {
  const reason = why === undefined ? '' : `: ${sanitizeLine(why, 300)}`;
  return `asked for by ${sanitizeLine(by)}, ${formatDate(at)}${reason}`;
}

function formatRuns(view: TaskView, { now, colours: c, columns }: TaskStyle): string[] {
  if (view.runs.length === 0) return [];
  const rows = view.runs.map((run) => [
    String(run.attempt),
    sanitizeLine([run.runtime, run.model, run.thinking].filter((part) => part !== undefined).join(':'), 30),
    run.mode,
    run.status,
    run.startedAt === undefined ? '' : formatDuration((run.endedAt ?? view.endedAt ?? now) - run.startedAt),
    run.outcome === undefined ? '' : describeOutcome(run.outcome),
  ]);
  const table = [['RUN', 'ON', 'MODE', 'STATUS', 'TIME', 'OUTCOME'], ...rows];
  return ['', ...formatTable(table, { columns, wrap: true, paint: (cell, row) => (row === 0 ? c.dim(cell) : cell) })];
}

const modeNames = { prompt: 'prompt', steer: 'steer', followUp: 'follow-up' } as const;

function formatInstructions(view: TaskView, { colours: c, columns }: TaskStyle): string[] {
  if (view.instructions.length === 0) return [];
  const ids = view.instructions.map(({ id }) => id);
  const rows = view.instructions.map(({ id, mode, level, text, reason }) => {
    const why = reason === undefined ? '' : ` (${sanitizeLine(reason, 200)})`;
    return [shortId(id, ids), modeNames[mode], level, `${sanitizeLine(text ?? '', 200)}${why}`];
  });
  const table = [['SAID', 'AS', 'LEVEL', 'TEXT'], ...rows];
  return ['', ...formatTable(table, { columns, wrap: true, paint: (cell, row) => (row === 0 ? c.dim(cell) : cell) })];
}
