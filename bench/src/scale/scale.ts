import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../harness/contender.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Goal, type Row } from '../harness/row.ts';

const run = promisify(execFile);
const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Step {
  readonly ms: number;
  readonly cpuMs: number;
  /** How long the event loop stood still at most. */
  readonly standMs: number;
}

interface Reading {
  readonly opening: Step;
  readonly listing: Step;
  readonly closing: Step;
  readonly megabytes: number;
}

type What = 'log' | 'plane' | 'files';

/** All readings of a history of one size. */
interface History {
  readonly tasks: number;
  /** Without anything saved by an owner before. */
  readonly first: Reading;
  readonly of: Readonly<Record<What, readonly Reading[]>>;
}

/** What a history of ended tasks costs whoever opens it. Each reading in a fresh process, files in the page cache. */
export async function scale(setting: Setting): Promise<Row[]> {
  const sizes = setting.quick ? [100, 1000] : [1000, 10_000, 100_000];
  const histories: History[] = [];
  for (const tasks of sizes) histories.push(await history(setting, tasks));
  const [small, ...larger] = histories;
  if (!small) throw new Error('no history was made');
  return [...larger.flatMap((large) => growth(large, small)), ...histories.flatMap(amounts)];
}

async function history(setting: Setting, tasks: number): Promise<History> {
  const dir = join(setting.dir, `history-${tasks}`);
  await run(process.execPath, [...setting.execArgv, program('./make-history.ts'), dir, String(tasks)]);
  const dataDir = join(dir, 'data');
  const first = await reading(setting, 'plane', dataDir);
  const of: Record<What, Reading[]> = { log: [], plane: [], files: [] };
  for (let round = 0; round < setting.rounds; round += 1) {
    for (const what of ['log', 'plane', 'files'] as const) of[what].push(await reading(setting, what, dataDir));
  }
  await rm(dir, { recursive: true });
  return { tasks, first, of };
}

async function reading({ execArgv }: Setting, what: What, dataDir: string): Promise<Reading> {
  const { stdout } = await run(process.execPath, [...execArgv, program('./read-plane.mjs'), what, dataDir]);
  return JSON.parse(stdout) as Reading;
}

/** The larger history beside the smaller one. By processor time, which other processes do not lengthen. */
function growth(large: History, small: History): Row[] {
  const of = (what: What, step: 'opening' | 'closing', name: string, goal?: Goal): Row => {
    const cpu = (history: History) => history.of[what].map((reading) => reading[step].cpuMs);
    return row(ratios(cpu(large), cpu(small)), {
      what: `${name}, ${short(large.tasks)} ended tasks`,
      beside: short(small.tasks),
      better: 'lower',
      figures: `${short(median(cpu(large)))} · ${short(median(cpu(small)))} ms of CPU`,
      ...(goal ? { goal } : {}),
    });
  };
  const atMostTwice = { sign: '≤', value: 2 } as const;
  return [
    of('plane', 'opening', 'opening of a plane', atMostTwice),
    of('log', 'opening', 'opening of its log alone'),
    of('plane', 'closing', 'closing of a plane', atMostTwice),
  ];
}

function amounts({ tasks, first, of }: History): Row[] {
  const beside = `${short(tasks)} ended tasks`;
  const stands = (step: 'opening' | 'listing' | 'closing') => of.plane.map((reading) => reading[step].standMs);
  const amount = (what: string, pairs: readonly number[], unit: 'ms' | 'MB', figures: string, goal?: Goal): Row =>
    row(pairs, { what, beside, unit, better: 'lower', figures, ...(goal ? { goal } : {}) });
  const wall = (what: What, step: 'opening' | 'listing') => of[what].map((reading) => reading[step].ms);
  const least = { sign: '≤', value: 50 } as const;
  return [
    amount(
      'longest stand, plane opens',
      stands('opening'),
      'ms',
      `without a snapshot ${short(first.opening.standMs)} ms`,
      least,
    ),
    amount(
      'longest stand, plane closes',
      stands('closing'),
      'ms',
      `after that ${short(first.closing.standMs)} ms`,
      least,
    ),
    amount('plane opens', wall('plane', 'opening'), 'ms', `without a snapshot ${short(first.opening.ms)} ms`),
    amount(
      'fifty tasks are listed',
      wall('plane', 'listing'),
      'ms',
      `without an owner ${short(median(wall('files', 'listing')))} ms, once its files are open (${short(median(wall('files', 'opening')))} ms)`,
    ),
    amount(
      'most resident memory',
      of.plane.map(({ megabytes }) => megabytes),
      'MB',
      `the log alone ${short(median(of.log.map(({ megabytes }) => megabytes)))} MB`,
    ),
  ];
}
