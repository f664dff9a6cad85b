// One reading of a log in a fresh process: what it took, and the most memory there ever was. Plain JavaScript,
// because stripping types takes memory that is not the reader's.
import { open } from 'node:fs/promises';

const [, , what = '', path = ''] = process.argv;

// Not loaded by the reading that does without it.
const library = what === 'jsonl' ? undefined : await import('@runtime/event-log');

function ours() {
  if (!library) throw new Error('this reading does without our library');
  return library;
}

/**
 * @template T
 * @param {() => Promise<T>} work
 */
async function timed(work) {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { result, seconds, cpuSeconds: (user + system) / 1e6 };
}

/** Opening, and nothing else.
 * @param {boolean} readOnly */
async function opening(readOnly) {
  const { result: log, ...times } = await timed(() => ours().openEventLog({ dir: path, readOnly }));
  const events = log.head;
  await log.close();
  return { ...times, events };
}

/** @type {Record<string, () => Promise<object>>} */
const readings = {
  /** Every event of our log, once it is open. */
  async replay() {
    const log = await ours().openEventLog({ dir: path, readOnly: true });
    const { result: events, ...times } = await timed(async () => {
      let count = 0;
      for await (const batch of log.read()) count += batch.length;
      return count;
    });
    await log.close();
    return { ...times, events };
  },
  /** The same events as plain JSONL, as fast as they can be parsed: blocks, cut at line feeds, JSON.parse. */
  async jsonl() {
    const { result: events, ...times } = await timed(parseLines);
    return { ...times, events };
  },
  async verify() {
    const { result, ...times } = await timed(() => ours().verifyLog({ dir: path }));
    if (result.problems.length > 0) throw new Error(JSON.stringify(result.problems[0]));
    return { ...times, events: result.events };
  },
  look: () => opening(true),
  open: () => opening(false),
};

async function parseLines() {
  const file = await open(path);
  const buffer = Buffer.allocUnsafe(256 * 1024);
  let count = 0;
  let filled = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled);
    if (bytesRead === 0) break;
    const end = filled + bytesRead;
    let start = 0;
    for (let at = buffer.indexOf(10); at >= 0 && at < end; at = buffer.indexOf(10, start)) {
      if (JSON.parse(buffer.toString('utf8', start, at)).position > 0) count += 1;
      start = at + 1;
    }
    buffer.copyWithin(0, start, end);
    filled = end - start;
  }
  await file.close();
  return count;
}

const reading = await readings[what]?.();
console.log(JSON.stringify({ ...reading, megabytes: process.resourceUsage().maxRSS / 1024 }));
