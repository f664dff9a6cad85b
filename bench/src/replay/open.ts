import { join } from 'node:path';
import { median } from '../harness/contender.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Row } from '../harness/row.ts';
import { makeLog, reading } from './readings.ts';

const growth = 10;

/** Opening a log for writing with a history, and with ten times that history and an end as long. */
export async function open(setting: Setting): Promise<Row[]> {
  const segmentBytes = (setting.quick ? 1 : 4) * 1024 * 1024;
  const closed = 3;
  const make = async (name: string, closedSegments: number) => {
    const dir = join(setting.dir, name);
    return { dir, count: await makeLog(setting, { log: { dir, segmentBytes }, until: { closedSegments } }) };
  };
  const small = await make('open-small', closed);
  const large = await make('open-large', closed * growth);
  const times = { small: [] as number[], large: [] as number[] };
  for (let round = 0; round < setting.rounds; round += 1) {
    times.small.push((await reading(setting, 'open', small.dir, small.count)).seconds);
    times.large.push((await reading(setting, 'open', large.dir, large.count)).seconds);
  }
  const milliseconds = (values: readonly number[]) => `${short(median(values) * 1000)} ms`;
  return [
    row(ratios(times.large, times.small), {
      what: `open, ${growth} times the history (${short(large.count)} events)`,
      beside: `${closed} closed segments (${short(small.count)} events)`,
      goal: { sign: '≤', value: 2 },
      figures: `${milliseconds(times.large)} · ${milliseconds(times.small)}`,
    }),
  ];
}
