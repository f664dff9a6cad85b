import { median } from '../harness/contender.ts';
import { Contenders, type Samples } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Goal, type Row } from '../harness/row.ts';

/** As many as the log's tail in memory holds. */
const events = 8192;

/** What a delivery costs when many follow the log, beside calling each listener in a loop. */
export async function fanout(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(setting, {
    array: new URL('./array.ts', import.meta.url),
    ours: new URL('./log.ts', import.meta.url),
  });
  try {
    const rows: Row[] = [];
    for (const subscribers of [1, 10, 100]) {
      const repeats = Math.max(1, Math.round((setting.quick ? 100 : 300) / subscribers));
      const params = { subscribers, events, repeats };
      const handed = await contenders.rounds(params);
      rows.push(
        cost(handed, `${subscribers} following, handing on`, subscribers >= 10 ? { sign: '≤', value: 3 } : undefined),
      );
      const live = await contenders.rounds({ ...params, live: 1 });
      rows.push(cost(live, `${subscribers} following, append and parse included`));
    }
    return rows;
  } finally {
    await contenders.close();
  }
}

function cost(samples: Samples, what: string, goal?: Goal): Row {
  const [ours, array] = [samples.values('ours', 'nanoseconds'), samples.values('array', 'nanoseconds')];
  const figures = `${short(median(ours))} · ${short(median(array))} ns a delivery`;
  return row(ratios(ours, array), { what, beside: 'array loop', better: 'lower', figures, ...(goal ? { goal } : {}) });
}
