import { median } from '../harness/contender.ts';
import { Contenders, type Samples } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { notThere, ratios, row, short, type Goal, type Row } from '../harness/row.ts';

const url = (file: string) => new URL(file, import.meta.url);
const atLeast = (value: number): Goal => ({ sign: '≥', value });

/** Storing and reading contents: one large one, and many small ones. */
export async function artifacts(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(setting, {
    ours: url('./ours.ts'),
    'ours, nothing synced': url('./ours.ts'),
    'read + sha256': url('./read-and-hash.ts'),
    'cp + sync': url('./copy-and-sync.ts'),
    'a file each, fdatasync': url('./loose-files.ts'),
    cacache: url('./cacache.ts'),
  });
  try {
    const megabytes = setting.quick ? 64 : 1024;
    const large = await contenders.rounds(
      (name) => ({ megabytes, durable: name === 'ours, nothing synced' ? 0 : 1 }),
      { megabytes: 8 },
      present(contenders, ['ours, nothing synced', 'read + sha256', 'ours', 'cp + sync', 'cacache']),
    );
    const count = setting.quick ? 1000 : 10_000;
    const small = await contenders.rounds(
      { count },
      { count: 200 },
      present(contenders, ['ours', 'a file each, fdatasync', 'cacache']),
    );
    const one = `one of ${megabytes} MB`;
    const many = `${short(count)} of 4 KB`;
    return [
      faster(large, `${one} stored, nothing synced`, 'put', ['ours, nothing synced', 'read + sha256'], atLeast(0.9)),
      faster(large, `${one} stored`, 'put', ['ours', 'cp + sync'], atLeast(0.55)),
      beside(contenders, large, `${one} stored, nothing synced`, 'put', 'ours, nothing synced', undefined),
      beside(contenders, large, `${one} read`, 'get', 'ours', atLeast(2)),
      row(large.values('ours', 'grown'), {
        what: `memory for ${one}`,
        beside: 'resident before',
        goal: { sign: '≤', value: 64 },
        unit: 'MB',
      }),
      faster(small, `${many} stored`, 'put', ['ours', 'a file each, fdatasync'], atLeast(10)),
      beside(contenders, small, `${many} stored`, 'put', 'ours', undefined),
      faster(small, `${many} read`, 'get', ['ours', 'a file each, fdatasync'], undefined),
      beside(contenders, small, `${many} read`, 'get', 'ours', atLeast(2)),
    ];
  } finally {
    await contenders.close();
  }
}

const present = (contenders: Contenders, names: readonly string[]): string[] =>
  names.filter((name) => contenders.has(name));

function faster(
  samples: Samples,
  what: string,
  key: string,
  [name, other]: readonly [string, string],
  goal: Goal | undefined,
): Row {
  const [ours, theirs] = [samples.values(name, key), samples.values(other, key)];
  const figures = `${short(median(ours) * 1000)} · ${short(median(theirs) * 1000)} ms`;
  return row(ratios(theirs, ours), { what, beside: other, figures, ...(goal ? { goal } : {}) });
}

function beside(
  contenders: Contenders,
  samples: Samples,
  what: string,
  key: string,
  name: string,
  goal: Goal | undefined,
): Row {
  const why = contenders.notThere.get('cacache');
  if (why !== undefined) return notThere(why, { what, beside: 'cacache', ...(goal ? { goal } : {}) });
  return faster(samples, what, key, [name, 'cacache'], goal);
}
