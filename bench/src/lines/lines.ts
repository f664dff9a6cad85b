import { median } from '../harness/contender.ts';
import { Contenders, type Samples } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Goal, type Row } from '../harness/row.ts';

const url = (file: string) => new URL(file, import.meta.url);
/** Ours once more: the two sizes of one pair do not share a heap. */
const long = 'ours, long';
const linear = ['linear, text', 'linear, bytes'];

/** Cutting a byte stream into lines, and what one enormous line costs. */
export async function lines(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(setting, {
    ours: url('./ours.ts'),
    [long]: url('./ours.ts'),
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
    const megabytesOf = (name: string) => ({ megabytes: name === long ? 40 : 10 });
    const single = await contenders.rounds(megabytesOf, megabytesOf, ['ours', long]);
    rows.push(growth(single));
    if (!setting.quick) {
      const beside = await contenders.rounds({ megabytes: 10 }, { megabytes: 1 }, ['ours', 'split2']);
      rows.push(faster(beside, 'one line of 10 MB', 'split2', 10));
    }
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

function growth(samples: Samples): Row {
  const [forty, ten] = [samples.values(long, 'seconds'), samples.values('ours', 'seconds')];
  const figures = `${short(median(forty) * 1000)} · ${short(median(ten) * 1000)} ms`;
  return row(ratios(forty, ten), {
    what: 'one line of 40 MB',
    beside: 'of 10 MB',
    goal: { sign: '≤', value: 6 },
    figures,
  });
}
