import { basename } from 'node:path';
import type { TaskView } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import { sanitizeLine } from '../sanitize.ts';
import { shortenWords, wrapLine } from './fit.ts';
import type { Colours } from './output.ts';
import { shortId } from './short-id.ts';
import { formatRows } from './table.ts';
import { formatLabels, formatTargets, paintStatus } from './task.ts';
import { describeWaiting } from './waiting.ts';

const wideEnough = 60;
const indent = '    ';

/**
 * The lines of `runtime list`: a heading, then the tasks, each with what it waits for below it; `starts` is what brings an
 * owner, as `startsOwner` says it.
 */
export function formatTaskList(
  views: readonly TaskView[],
  now: number,
  c: Colours,
  columns: number,
  starts?: string,
): string[] {
  const isWide = columns >= wideEnough;
  const most = (cells: number): number => (columns === Infinity ? 400 : cells);
  const ids = views.map((view) => view.id);
  const head = ['TASK', 'STATUS', 'RUNTIME', 'AGE', ...(isWide ? ['WORKSPACE'] : []), 'TITLE'];
  const rows = views.map((view) => {
    const workspace = sanitizeLine(basename(view.workspace), most(16));
    const runtime = sanitizeLine(view.runs.at(-1)?.runtime ?? formatTargets(view, ','), most(isWide ? 20 : 10));
    const title = [sanitizeLine(view.title), formatLabels(view)].filter((part) => part !== '').join('  ');
    const last = isWide ? [workspace, title] : [`${workspace} · ${title}`];
    return [shortId(view.id, ids), view.status, runtime, formatDuration(now - view.submittedAt), ...last];
  });
  const paint = (cell: string, row: number, column: number): string => {
    const view = views[row - 1];
    if (view === undefined) return c.dim(cell);
    if (column === 0) return c.bold(cell);
    return column === 1 ? paintStatus(view.status, c) : cell;
  };
  return formatRows([head, ...rows], { columns, paint }).flatMap((lines, row) => {
    const view = views[row - 1];
    const waiting = view && describeWaiting(view, { now, among: ids, most: most(200), starts });
    if (waiting === undefined) return lines;
    const fitted = wrapLine(shortenWords(`  waits: ${waiting}`, columns - indent.length), columns, indent);
    return [...lines, ...fitted.split('\n').map((line) => c.dim(line))];
  });
}
