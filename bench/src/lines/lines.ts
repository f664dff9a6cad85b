import { median } from '../harness/contender.ts';
import { Contenders, type Samples } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Goal, type Row } from '../harness/row.ts';

const url = (file: string) => new URL(file, import.meta.url);
const linear = ['linear, text', 'linear, bytes'];

/** Cutting a byte stream into lines, and what one enormous line costs. */
export async function lines(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(setting, {
    ours: url('./ours.ts'),
    'linear, text': url('./linear-text.ts'),
    'linear, bytes': url('./linear-bytes.ts'),
    split2: url('./split2.ts'),
    readline: url('./readline.ts'),
  });
  try {
    const rows: Row[] = [];
    const megabytes = setting.quick ? 4 : 16;
    for (const [parse, lineBytes] of [
      [1, 200],
      [1, 4096],
      [0, 200],
    ] as const) {
      const samples = await contenders.rounds({ lineBytes, megabytes, parse }, undefined, [
        'ours',
        ...linear,
        'split2',
        'readline',
      ]);
      const what = `${lineBytes}-byte lines${parse ? ' + JSON.parse' : ', only split'}`;
      // The goal is set for lines that are parsed: nobody splits them for their own sake.
      rows.push(besideBest(samples, what, megabytes, parse ? { sign: '≥', value: 0.9 } : undefined));
      for (const peer of ['split2', 'readline']) rows.push(faster(samples, what, peer, megabytes));
    }
    rows.push(...(await singleLines(setting)));
    return rows;
  } finally {
    await contenders.close();
  }
}

function besideBest(samples: Samples, what: string, megabytes: number, goal: Goal | undefined): Row {
  const ours = samples.values('ours', 'seconds');
  const both = linear.map((name) => samples.values(name, 'seconds'));
  const best = ours.map((_, round) => Math.min(...both.map((values) => values[round] ?? Infinity)));
  const figures = rates(megabytes, ours, best);
  return row(ratios(best, ours), { what, beside: 'best linear splitter', figures, ...(goal ? { goal } : {}) });
}

function faster(samples: Samples, what: string, peer: string, megabytes: number): Row {
  const [ours, theirs] = [samples.values('ours', 'seconds'), samples.values(peer, 'seconds')];
  return row(ratios(theirs, ours), { what, beside: peer, figures: rates(megabytes, ours, theirs) });
}

function rates(megabytes: number, ours: readonly number[], theirs: readonly number[]): string {
  return `${short(megabytes / median(ours))} · ${short(megabytes / median(theirs))} MB/s`;
}

/**
 * For glibc: memory that was freed stays with the process, so that it is touched for the first time before anything is
 * timed. Otherwise 40 MB come fresh from the system each time, which alone costs more than the splitting.
 */
const keptMemory = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: String(2 ** 30),
  MALLOC_TOP_PAD_: String(2 ** 28),
};

/** A single line, 10 and 40 MB. The two sizes of one pair do not share a heap. */
async function singleLines(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(
    setting,
    {
      '10 MB': url('./ours.ts'),
      '40 MB': url('./ours.ts'),
      linear: url('./linear-bytes.ts'),
      split2: url('./split2.ts'),
    },
    keptMemory,
  );
  try {
    const megabytesOf = (name: string) => ({ megabytes: name === '10 MB' ? 10 : 40 });
    const samples = await contenders.rounds(megabytesOf, megabytesOf, ['10 MB', '40 MB', 'linear']);
    const values = (name: string) => samples.values(name, 'seconds');
    const milliseconds = (name: string) => short(median(values(name)) * 1000);
    const rows = [
      row(ratios(values('40 MB'), values('10 MB')), {
        what: 'one line of 40 MB',
        beside: 'of 10 MB',
        goal: { sign: '≤', value: 6 },
        figures: `${milliseconds('40 MB')} · ${milliseconds('10 MB')} ms`,
      }),
      row(ratios(values('linear'), values('40 MB')), {
        what: 'one line of 40 MB',
        beside: 'plain linear splitter, bytes',
        figures: `${milliseconds('40 MB')} · ${milliseconds('linear')} ms`,
      }),
    ];
    if (setting.quick) return rows;
    const beside = await contenders.rounds({ megabytes: 10 }, { megabytes: 1 }, ['10 MB', 'split2']);
    const [ours, theirs] = [beside.values('10 MB', 'seconds'), beside.values('split2', 'seconds')];
    const figures = rates(10, ours, theirs);
    return [...rows, row(ratios(theirs, ours), { what: 'one line of 10 MB', beside: 'split2', figures })];
  } finally {
    await contenders.close();
  }
}
