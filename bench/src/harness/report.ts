import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { cpus, loadavg, platform, release } from 'node:os';
import { short, type Row, type Unit } from './row.ts';
import type { Setting } from './options.ts';

export interface Result {
  readonly bench: string;
  readonly seconds: number;
  readonly rows: readonly Row[];
}

const tmpfs = 0x01021994;

export async function machineFacts({ dir }: Setting) {
  const { type } = await statfs(dir);
  return {
    node: process.version,
    system: `${platform()} ${release()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg().map((value) => Math.round(value * 100) / 100),
    inMemory: type === tmpfs,
  };
}

const headings = ['', 'median', 'best pair', 'goal', '', 'ours · beside it'];

/** The rows of one benchmark as a table. */
export function table({ bench, seconds, rows }: Result): string {
  const cells = rows.map((row) => [
    `${row.what} : ${row.beside}`,
    row.why === undefined ? withUnit(short(row.median), row.unit) : '–',
    row.why === undefined ? withUnit(short(row.best), row.unit) : '–',
    row.goal ? `${row.goal.sign} ${withUnit(row.goal.value, row.unit === '×' ? '' : row.unit)}` : '',
    `${row.verdict === 'no goal' ? '' : row.verdict}${row.noisy ? ' (noisy)' : ''}`.trim(),
    row.why ?? row.figures ?? '',
  ]);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((cell) => cell[column]?.length ?? 0)),
  );
  const line = (cell: readonly string[]) =>
    `  ${cell.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
  return [`${bench} (${seconds.toFixed(0)} s)`, line(headings), ...cells.map(line), ''].join('\n');
}

function withUnit(number: number | string, unit: Unit): string {
  return /^[a-z]/i.test(unit) ? `${number} ${unit}` : `${number}${unit}`;
}

/** Writes everything, every single pair included. Returns the file's path. */
export async function save(results: readonly Result[], facts: object, setting: Setting): Promise<string> {
  const dir = new URL('../../results/', import.meta.url);
  await mkdir(dir, { recursive: true });
  const at = new Date().toISOString();
  const { quick, rounds, events, tasks, execArgv } = setting;
  const file = new URL(`${at.replaceAll(/[:.]/g, '-')}.json`, dir);
  const document = { at, machine: facts, setting: { quick, rounds, events, tasks, execArgv }, results };
  await writeFile(file, `${JSON.stringify(document, null, 2)}\n`);
  return file.pathname;
}
