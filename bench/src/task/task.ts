import { median, NotThere } from '../harness/contender.ts';
import { Contenders, type Samples } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { notThere, ratios, row, short, type Goal, type Row } from '../harness/row.ts';
import { traced } from './traced.ts';

const url = (file: string) => new URL(file, import.meta.url);
const atMost = (value: number): Goal => ({ sign: '≤', value });

/** How many at a time, and how many in all. */
const loads = [
  { concurrency: 1, tasks: { quick: 4, full: 10 } },
  { concurrency: 4, tasks: { quick: 8, full: 16 } },
  { concurrency: 16, tasks: { quick: 16, full: 32 } },
] as const;
/** So quick that they run ten times as many: the processor time of children is told in hundredths of a second. */
const brief = new Set(['spawn', 'execa']);
const peers = { spawn: 'spawn', execa: 'execa', queue: 'job in a SQLite queue' };

/** A whole task of `true`, beside what else could run it; and what can be counted of one. */
export async function task(setting: Setting): Promise<Row[]> {
  const rows = await timed(setting);
  rows.push(...(await counted(setting)));
  // A traced task takes seconds.
  if (!setting.quick) rows.push(...(await tracedRows(setting)));
  return rows;
}

async function timed(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(setting, {
    spawn: url('./spawn.ts'),
    execa: url('./execa.ts'),
    queue: url('./queue.ts'),
    plane: url('./plane.ts'),
  });
  try {
    const rows: Row[] = [];
    for (const { concurrency, tasks } of loads) {
      const ours = setting.quick ? tasks.quick : tasks.full;
      const params = (name: string) => ({ concurrency, tasks: brief.has(name) ? 10 * ours : ours });
      const samples = await contenders.rounds(params, { concurrency, tasks: concurrency });
      const what = `task of true, ${concurrency} at a time`;
      for (const peer of Object.keys(peers) as (keyof typeof peers)[]) {
        rows.push(wall(samples, what, peer, concurrency === 1 && peer === 'spawn' ? atMost(5) : undefined));
      }
      rows.push(cpu(samples, `${what}, own CPU`, 'ownMs', concurrency === 1 ? atMost(3) : undefined));
      rows.push(cpu(samples, `${what}, CPU of children`, 'childrenMs', concurrency === 1 ? atMost(5) : undefined));
    }
    return rows;
  } finally {
    await contenders.close();
  }
}

function wall(samples: Samples, what: string, peer: keyof typeof peers, goal: Goal | undefined): Row {
  const [ours, theirs] = [samples.values('plane', 'perSecond'), samples.values(peer, 'perSecond')];
  const waits = (name: string) =>
    `p50 ${short(median(samples.values(name, 'p50')))} ms, p99 ${short(median(samples.values(name, 'p99')))}`;
  const figures = `${short(median(ours))}/s (${waits('plane')}) · ${short(median(theirs))}/s (${waits(peer)})`;
  return row(ratios(theirs, ours), { what, beside: peers[peer], better: 'lower', figures, ...(goal ? { goal } : {}) });
}

function cpu(samples: Samples, what: string, key: string, goal: Goal | undefined): Row {
  const [ours, theirs] = [samples.values('plane', key), samples.values('spawn', key)];
  const options = { what, beside: 'spawn', better: 'lower', ...(goal ? { goal } : {}) } as const;
  if (ours.some(Number.isNaN)) return notThere('the system does not say', options);
  return row(ratios(ours, theirs), {
    ...options,
    figures: `${short(median(ours))} · ${short(median(theirs))} ms a task`,
  });
}

async function counted(setting: Setting): Promise<Row[]> {
  if (process.platform !== 'linux') return [];
  const contenders = await Contenders.start(setting, { counted: url('./counted.ts') });
  try {
    const samples = await contenders.rounds({ tasks: setting.quick ? 4 : 10, concurrency: 1 }, { tasks: 2 });
    const values = (key: string) => samples.values('counted', key);
    const each = (what: string, key: string, unit: '' | 'KB', goal?: Goal): Row =>
      row(values(key), { what, beside: 'a task', unit, better: 'lower', ...(goal ? { goal } : {}) });
    const reads = `${short(median(values('reads')))} · ${short(median(values('processes')))}; ${short(median(values('stats')))} more are asked about`;
    return [
      each('lists of all processes', 'scans', '', atMost(2)),
      row(ratios(values('reads'), values('processes')), {
        what: 'reads of processes in a task',
        beside: 'processes there are',
        figures: reads,
        goal: atMost(2),
      }),
      each('bytes handed to write calls, holder included', 'writtenKb', 'KB'),
      each('files and directories left', 'entries', '', atMost(3)),
      each('disk', 'diskKb', 'KB', atMost(8)),
    ];
  } finally {
    await contenders.close();
  }
}

async function tracedRows(setting: Setting): Promise<Row[]> {
  const each = (what: string, goal?: Goal) =>
    ({ what, beside: 'a task', unit: '', better: 'lower', ...(goal ? { goal } : {}) }) as const;
  const programs = each('programs executed', atMost(8));
  try {
    const counts = await traced(setting);
    return [
      row([counts.programs], programs),
      row([counts.syncs], each('syncs of files')),
      row([counts.logWrites], each('synced writes of the log')),
    ];
  } catch (error) {
    if (!(error instanceof NotThere)) throw error;
    return [notThere(error.message, programs)];
  }
}
