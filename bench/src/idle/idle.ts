import { Contenders } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { notThere, row, type Row } from '../harness/row.ts';

/** What a plane does while its agents say nothing: it should sleep, however many they are. */
export async function idle(setting: Setting): Promise<Row[]> {
  if (process.platform !== 'linux') {
    return [notThere('the system does not count wakes', { what: 'wakes', beside: 'a second' })];
  }
  const contenders = await Contenders.start(setting, { plane: new URL('./silent.ts', import.meta.url) });
  const milliseconds = setting.quick ? 1000 : 5000;
  try {
    const rows: Row[] = [];
    for (const runs of [0, 5, 20]) {
      const samples = await contenders.rounds({ runs, milliseconds }, { runs, milliseconds: 100 });
      const what = `${runs} silent agents`;
      rows.push(
        row(samples.values('plane', 'wakes'), {
          what: `wakes with ${what}`,
          beside: 'a second',
          unit: '',
          goal: { sign: '≤', value: 2 },
        }),
        row(samples.values('plane', 'ownMs'), {
          what: `processor time with ${what}`,
          beside: 'a second',
          unit: 'ms',
          better: 'lower',
        }),
      );
    }
    return rows;
  } finally {
    await contenders.close();
  }
}
