import { join } from 'node:path';
import { median } from '../harness/contender.ts';
import type { Setting } from '../harness/options.ts';
import { ratios, row, short, type Row } from '../harness/row.ts';
import { makeLog, reading, removeCheckpoints, type Reading, type What } from './readings.ts';

/**
 * Reading the whole log, beside parsing the same events from plain JSONL. Each reading in a fresh process, files in the
 * page cache.
 */
export async function replay(setting: Setting): Promise<Row[]> {
  const dir = join(setting.dir, 'replay');
  const jsonl = join(setting.dir, 'replay.jsonl');
  // Several segments, so that most of the log is closed.
  const segmentBytes = 16 * 1024 * 1024;
  const count = await makeLog(setting, { log: { dir, segmentBytes }, until: { events: setting.events }, jsonl });
  const removed = await removeCheckpoints(dir);
  const readings: Record<What, Reading[]> = { replay: [], jsonl: [], look: [], verify: [], open: [] };
  for (let round = 0; round < setting.rounds; round += 1) {
    for (const what of ['jsonl', 'replay', 'look', 'verify'] as const) {
      readings[what].push(await reading(setting, what, what === 'jsonl' ? jsonl : dir, count));
    }
  }
  const beside = 'JSONL split + JSON.parse';
  const faster = (what: What) => ({
    pairs: ratios(readings.jsonl.map(seconds), readings[what].map(seconds)),
    figures: `${perSecond(count, readings[what])} · ${perSecond(count, readings.jsonl)}; by CPU time ${short(median(ratios(readings.jsonl.map(cpu), readings[what].map(cpu))))}×`,
  });
  const [full, rebuild, verify] = [faster('replay'), faster('look'), faster('verify')];
  const memory = ratios(readings.replay.map(megabytes), readings.jsonl.map(megabytes));
  const resident = `${short(median(readings.replay.map(megabytes)))} · ${short(median(readings.jsonl.map(megabytes)))} MB`;
  const at = `${short(count)} events`;
  return [
    row(full.pairs, { what: `replay, ${at}`, beside, figures: full.figures, goal: { sign: '≥', value: 0.85 } }),
    row(memory, { what: `replay, resident memory`, beside, figures: resident, goal: { sign: '≤', value: 1.5 } }),
    row(rebuild.pairs, {
      what: `index rebuild (${removed} checkpoints removed)`,
      beside,
      figures: rebuild.figures,
      goal: { sign: '≥', value: 3 },
    }),
    row(verify.pairs, { what: 'verifyLog', beside, figures: verify.figures, goal: { sign: '≥', value: 3 } }),
  ];
}

const seconds = (reading: Reading) => reading.seconds;
const cpu = (reading: Reading) => reading.cpuSeconds;
const megabytes = (reading: Reading) => reading.megabytes;

function perSecond(count: number, readings: readonly Reading[]): string {
  return `${short(count / median(readings.map(seconds)))}/s`;
}
