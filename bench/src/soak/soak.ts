import { median } from '../harness/contender.ts';
import { Contenders } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { row, short, type Goal, type Row, type Unit } from '../harness/row.ts';

/** Tasks before the first that count: caches and pools fill up. */
const warmUp = 100;

/** What is left of each task in a plane that runs thousands: memory once its garbage is collected, and disk. */
export async function soak(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(setting, { plane: new URL('./many-tasks.ts', import.meta.url) });
  try {
    const tasks = Math.ceil(setting.tasks / setting.rounds);
    const samples = await contenders.rounds({ tasks }, { tasks: Math.min(warmUp, tasks) });
    const values = (key: string) => samples.values('plane', key);
    const each = (what: string, key: string, unit: Unit, goal?: Goal, now?: string): Row =>
      row(values(key), {
        what: `${what}, of ${short(tasks * setting.rounds)}`,
        beside: 'a task',
        unit,
        better: 'lower',
        ...(goal ? { goal } : {}),
        ...(now === undefined ? {} : { figures: `${short(values(now).at(-1) ?? Number.NaN)} MB at the end` }),
      });
    return [
      // 32 MB for ten thousand.
      each('external memory', 'external', 'KB', { sign: '≤', value: 3.3 }, 'externalNow'),
      each('JS heap', 'heap', 'KB'),
      each('resident memory', 'resident', 'KB', undefined, 'residentNow'),
      each('disk', 'disk', 'KB', { sign: '≤', value: 8 }),
      each('files and directories', 'entries', '', { sign: '≤', value: 3 }),
      row(values('descriptors'), {
        what: 'open descriptors',
        beside: 'the plane',
        unit: '',
        better: 'lower',
        figures: `${values('descriptors').join(' ')} as it went on; ${short(median(values('perSecond')))} tasks/s`,
      }),
      row(values('ownMs'), {
        what: 'processor time of the plane',
        beside: 'a task',
        unit: 'ms',
        better: 'lower',
        figures: `${values('ownMs').map(short).join(' ')} as it went on`,
      }),
    ];
  } finally {
    await contenders.close();
  }
}
