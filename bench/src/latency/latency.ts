import { median } from '../harness/contender.ts';
import { Contenders, type Samples } from '../harness/contenders.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Goal, type Row } from '../harness/row.ts';
import { deltaWindowMs, paces } from './agents.ts';

const url = (file: string) => new URL(file, import.meta.url);
const subscribers = { plane: 'subscriber in process', socket: 'subscriber over the socket' };

/** From an agent's line to a subscriber of its task: holder, file, tail, log and all. */
export async function latency(setting: Setting): Promise<Row[]> {
  const contenders = await Contenders.start(setting, {
    pipe: url('./pipe.ts'),
    plane: url('./plane.ts'),
    socket: url('./socket.ts'),
  });
  const pace = setting.quick ? 'quick' : 'full';
  try {
    const slow = await contenders.rounds(paces.slow[pace], paces.fast.quick);
    const rows: Row[] = [];
    for (const [name, who] of Object.entries(subscribers)) {
      const what = `line to ${who}`;
      const apart = `lines ${paces.slow[pace].gapMs} ms apart`;
      rows.push(age(slow, name, `${what}, p50`, apart, { sign: '≤', value: 2 }));
      rows.push(ofPipe(slow, name, `${what}, p50`));
    }
    // Has no goal: what the window adds is known.
    if (setting.quick) return rows;
    const fast = await contenders.rounds(paces.fast[pace], paces.fast.quick);
    for (const [name, who] of Object.entries(subscribers)) {
      const within = `lines ${paces.fast[pace].gapMs} ms apart, window ${deltaWindowMs} ms`;
      rows.push(age(fast, name, `line to ${who}, p50`, within));
    }
    return rows;
  } finally {
    await contenders.close();
  }
}

function age(samples: Samples, name: string, what: string, beside: string, goal?: Goal): Row {
  const figures = `p99 ${short(median(samples.values(name, 'p99')))} ms`;
  const options = { what, beside, unit: 'ms', better: 'lower', figures } as const;
  return row(samples.values(name, 'p50'), { ...options, ...(goal ? { goal } : {}) });
}

function ofPipe(samples: Samples, name: string, what: string): Row {
  const [ours, pipe] = [samples.values(name, 'p50'), samples.values('pipe', 'p50')];
  const figures = `${short(median(ours))} · ${short(median(pipe))} ms (pipe's p99 ${short(median(samples.values('pipe', 'p99')))})`;
  return row(ratios(ours, pipe), { what, beside: 'a pipe, nothing kept', better: 'lower', figures });
}
