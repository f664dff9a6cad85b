import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { append } from './append/append.ts';
import { artifacts } from './artifacts/artifacts.ts';
import { fanout } from './fanout/fanout.ts';
import { endAll } from './harness/contenders.ts';
import { parseCommandLine, usage, type Setting } from './harness/options.ts';
import { machineFacts, save, table, type Result } from './harness/report.ts';
import type { Row } from './harness/row.ts';
import { host } from './host/host.ts';
import { idle } from './idle/idle.ts';
import { latency } from './latency/latency.ts';
import { lines } from './lines/lines.ts';
import { open } from './replay/open.ts';
import { replay } from './replay/replay.ts';
import { scale } from './scale/scale.ts';
import { soak } from './soak/soak.ts';
import { task } from './task/task.ts';
import { validate } from './validate/validate.ts';

type Bench = (setting: Setting) => Promise<Row[]>;

const benches: Readonly<Record<string, Bench>> = {
  append,
  replay,
  open,
  lines,
  validate,
  latency,
  fanout,
  task,
  idle,
  host,
  artifacts,
};
/** These take minutes: they run when they are named. */
const long: Readonly<Record<string, Bench>> = { soak, scale };

async function main(): Promise<void> {
  const { names, quick, rounds, events, tasks, source, help, dir: parent } = parseCommandLine(process.argv.slice(2));
  if (help) {
    console.log(
      `${usage}\n\nBenchmarks: ${Object.keys(benches).join(', ')}; when named, ${Object.keys(long).join(', ')}`,
    );
    return;
  }
  const all = { ...benches, ...long };
  const unknown = names.filter((name) => !Object.hasOwn(all, name));
  if (unknown.length > 0)
    throw new Error(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}`);
  const dir = await mkdtemp(join(parent ?? tmpdir(), 'bench-'));
  // A database server that will not run as root has its files in here too.
  await chmod(dir, 0o711);
  let breakingOff: Promise<void> | undefined;
  process.on('SIGINT', () => void (breakingOff ??= breakOff(dir)));
  const execArgv = source ? ['--conditions=@runtime/source'] : [];
  const setting: Setting = { quick, rounds, events, tasks, dir, execArgv };
  try {
    const facts = await machineFacts(setting);
    console.log(
      `${facts.cpu}, ${facts.cores} cores, load ${facts.load.join(' ')}, Node ${facts.node}, ${facts.system}`,
    );
    if (facts.inMemory)
      console.log('This directory is in memory: nothing is synced there. Choose one on a disk with --dir.');
    console.log(`Ratios, paired in ${rounds} rounds. Absolute figures mean nothing beyond this run.\n`);
    const results: Result[] = [];
    for (const [bench, run] of Object.entries(names.length > 0 ? all : benches)) {
      if (names.length > 0 && !names.includes(bench)) continue;
      const start = performance.now();
      const own = join(dir, bench);
      await mkdir(own);
      const rows = await run({ ...setting, dir: own });
      const result = { bench, seconds: (performance.now() - start) / 1000, rows };
      results.push(result);
      console.log(table(result));
    }
    console.log(`All pairs: ${await save(results, facts, setting)}`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function breakOff(dir: string): Promise<void> {
  await endAll();
  await rm(dir, { recursive: true, force: true, maxRetries: 10 });
  process.exit(130);
}

await main();
