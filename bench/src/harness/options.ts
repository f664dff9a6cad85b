import { parseArgs } from 'node:util';

/** How to run. */
export interface Setting {
  /** The shortest runs that still say something: all benchmarks in less than a minute. */
  readonly quick: boolean;
  /** Pairs per measurement. */
  readonly rounds: number;
  /** Events to replay. */
  readonly events: number;
  /** Tasks of the soak. */
  readonly tasks: number;
  /** A directory on the disk that is measured; removed afterwards. */
  readonly dir: string;
  /** For the processes of the contenders: which build of our packages they get. */
  readonly execArgv: readonly string[];
}

export const usage = `node src/main.ts [benchmark…] [--quick] [--rounds 5] [--events 300000] [--tasks 2000] [--source] [--dir <directory>]

  --quick    all benchmarks in less than a minute
  --rounds   pairs per measurement (at least 5 for a verdict that counts)
  --events   how many events are replayed
  --tasks    how many tasks the soak runs
  --source   our packages' sources instead of their builds
  --dir      a directory on the disk to measure; the default is the system's temporary one`;

export function parseCommandLine(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      events: { type: 'string' },
      tasks: { type: 'string' },
      source: { type: 'boolean', default: false },
      dir: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const events = Number(values.events ?? (values.quick ? 100_000 : 300_000));
  const tasks = Number(values.tasks ?? (values.quick ? 100 : 2000));
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(events) || events < 1000) throw new Error('--events takes a number from 1000');
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds takes a number from 1');
  if (!Number.isSafeInteger(tasks) || tasks < rounds) throw new Error('--tasks takes at least one task for each round');
  return { ...values, events, tasks, rounds, names: positionals };
}
