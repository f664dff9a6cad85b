import { median } from '../harness/contender.ts';
import { Contenders } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Row } from '../harness/row.ts';
import { agents } from './phases.ts';

const url = (file: string) => new URL(file, import.meta.url);

/** What a host's event loop suffers from the plane in its process, beside plain children that do the same. */
export async function host(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(setting, {
    alone: url('./alone.ts'),
    pipes: url('./pipes.ts'),
    plane: url('./plane.ts'),
  });
  try {
    const milliseconds = setting.quick ? 1000 : 4000;
    const samples = await contenders.rounds({ milliseconds }, { milliseconds: milliseconds / 4 });
    const of = (what: string, key: string, max?: string): Row => {
      const [ours, pipes] = [samples.values('plane', key), samples.values('pipes', key)];
      const longest = max === undefined ? '' : `; longest ${short(median(samples.values('plane', max)))} ms`;
      const none = key === 'p99' ? `, ${short(median(samples.values('alone', key)))} without agents` : '';
      const figures = `${short(median(ours))} · ${short(median(pipes))} ms${none}${longest}`;
      return row(ratios(ours, pipes), { what, beside: 'plain children', better: 'lower', figures });
    };
    return [
      of(`event loop p99, ${agents} agents at work`, 'p99', 'max'),
      of(`event loop p99, ${agents} agents starting`, 'startP99', 'startMax'),
      of(`event loop p99, ${agents} agents ending`, 'endP99', 'endMax'),
      of(`processor time a second, ${agents} agents at work`, 'ownMs'),
      row(samples.values('plane', 'max'), {
        what: `longest stand of the event loop, ${agents} agents at work`,
        beside: `in ${milliseconds / 1000} s`,
        unit: 'ms',
        goal: { sign: '≤', value: 50 },
      }),
    ];
  } finally {
    await contenders.close();
  }
}
