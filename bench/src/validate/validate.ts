import { median } from '../harness/contender.ts';
import { Contenders, type Samples } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Goal, type Row } from '../harness/row.ts';
import { kinds } from './events.ts';

const url = (file: string) => new URL(file, import.meta.url);

/** What checking an event costs on top of parsing it. */
export async function validate(setting: Setting): Promise<Row[]> {
  const milliseconds = setting.quick ? 50 : 150;
  const contenders = await Contenders.start(setting, {
    parse: url('./parse.ts'),
    checked: url('./parse-and-validate.ts'),
    boundary: url('./boundary.ts'),
  });
  try {
    const mixed = await contenders.rounds({ milliseconds, kind: -1 });
    const rows = [
      costs(mixed, 'checked', 'parse + validate, events of a real task', { sign: '≤', value: 1.75 }),
      costs(mixed, 'boundary', 'UTF-8, depth, __proto__, parse, validate'),
    ];
    for (const [kind, { type }] of kinds.entries()) {
      const samples = await contenders.rounds({ milliseconds: milliseconds / 3, kind }, undefined, [
        'parse',
        'checked',
      ]);
      rows.push(costs(samples, 'checked', type));
    }
    return rows;
  } finally {
    await contenders.close();
  }
}

function costs(samples: Samples, name: string, what: string, goal?: Goal): Row {
  const [ours, parse] = [samples.values(name, 'nanoseconds'), samples.values('parse', 'nanoseconds')];
  const figures = `${short(median(ours))} · ${short(median(parse))} ns`;
  return row(ratios(ours, parse), { what, beside: 'JSON.parse', better: 'lower', figures, ...(goal ? { goal } : {}) });
}
