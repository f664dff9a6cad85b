import { median } from '../harness/contender.ts';
import { Contenders, type Samples } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { notThere, ratios, row, short, type Goal, type Row } from '../harness/row.ts';

const atLeast = (value: number): Goal => ({ sign: '≥', value });
const url = (file: string) => new URL(file, import.meta.url);

/** The peers, and our goal beside each of them at 64 writers: what the limit itself has to spare. */
const peers = new Map([
  ['node:sqlite', 2],
  ['better-sqlite3', 2],
  ['PostgreSQL', 2],
  ['Redis', 1.3],
]);
const overwrite = 'C overwrite, O_DSYNC';
/** Ours to the limit, by writers. At one writer the limit counts by its latency. */
const limitGoals = new Map([
  [16, 0.85],
  [64, 0.7],
  [256, 0.45],
]);

/** Appending 256-byte events, beside the limit and what else events could be kept in. */
export async function append(setting: Setting): Promise<Row[]> {
  const milliseconds = setting.quick ? 60 : 250;
  const contenders = await Contenders.start(setting, {
    limit: url('./limit.ts'),
    [overwrite]: url('./limit-overwrite.ts'),
    ours: url('./ours.ts'),
    'node:sqlite': url('./node-sqlite.ts'),
    'better-sqlite3': url('./better-sqlite3.ts'),
    PostgreSQL: url('./postgres.ts'),
    Redis: url('./redis.ts'),
    'Pi session': url('./pi-session.ts'),
  });
  try {
    const rows: Row[] = [];
    const names = ['limit', overwrite, 'ours', ...peers.keys()].filter((name) => contenders.has(name));
    for (const writers of [1, 16, 64, 256]) {
      const samples = await contenders.rounds({ writers, milliseconds }, { writers, milliseconds: 25 }, names);
      rows.push(...durableRows(writers, samples, contenders));
    }
    for (const writers of [1, 64, 256]) {
      const params = { writers, milliseconds, written: 1 };
      const samples = await contenders.rounds(params, { ...params, milliseconds: 25 }, ['ours', 'Pi session']);
      rows.push(
        against(
          samples,
          `written, ${writers} writer${writers === 1 ? '' : 's'}`,
          'Pi session',
          writers === 256 ? atLeast(5) : undefined,
        ),
      );
    }
    return rows;
  } finally {
    await contenders.close();
  }
}

function durableRows(writers: number, samples: Samples, contenders: Contenders): Row[] {
  const what = `durable, ${writers} writer${writers === 1 ? '' : 's'}`;
  const goal = limitGoals.get(writers);
  const limit = samples.values('limit', 'compiled').includes(0)
    ? 'append + fdatasync in Node (no cc)'
    : 'C append + fdatasync';
  const rows = [against(samples, what, 'limit', goal === undefined ? undefined : atLeast(goal), limit)];
  if (writers === 1) rows.push(waiting(samples, limit));
  rows.push(ownLimit(samples, what, writers === 64 ? atLeast(0.8) : undefined, contenders));
  for (const [peer, goalAt64] of peers) {
    const peerGoal =
      writers === 64 ? atLeast(goalAt64) : writers === 1 && peer === 'node:sqlite' ? atLeast(0.9) : undefined;
    const missing = contenders.notThere.get(peer);
    if (missing === undefined) rows.push(against(samples, what, peer, peerGoal, `${peer}, group commit`));
    else if (peerGoal) rows.push(notThere(missing, { what, beside: peer, goal: peerGoal }));
  }
  return rows;
}

function ownLimit(samples: Samples, what: string, goal: Goal | undefined, contenders: Contenders): Row {
  const missing = contenders.notThere.get(overwrite);
  if (missing === undefined) return against(samples, what, overwrite, goal);
  return notThere(missing, { what, beside: overwrite, ...(goal ? { goal } : {}) });
}

function against(samples: Samples, what: string, peer: string, goal: Goal | undefined, beside = peer): Row {
  const [ours, theirs] = [samples.values('ours', 'perSecond'), samples.values(peer, 'perSecond')];
  const figures = `${short(median(ours))}/s · ${short(median(theirs))}/s`;
  return row(ratios(ours, theirs), { what, beside, figures, ...(goal ? { goal } : {}) });
}

function waiting(samples: Samples, beside: string): Row {
  const [ours, limit] = [samples.values('ours', 'p50'), samples.values('limit', 'p50')];
  const figures = `${short(median(ours))} · ${short(median(limit))} µs (p99 ${short(median(samples.values('ours', 'p99')))} · ${short(median(samples.values('limit', 'p99')))})`;
  return row(ratios(ours, limit), {
    what: 'durable, 1 writer, p50',
    beside,
    figures,
    goal: { sign: '≤', value: 1.25 },
  });
}
