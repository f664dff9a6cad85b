import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceBatch } from '@runtime/contracts/adapter';
import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { collected, GrowingRun, undated } from '../support/growing-run.ts';
import { replayed } from '../support/replayed.ts';

const recorded = (name: string): string =>
  readFileSync(new URL(`../fixtures/pi-0.87/${name}.jsonl`, import.meta.url), 'utf8');

/** Three turns of a process, with lines that are no records between them, and a turn that its death cuts off. */
const text = [
  recorded('tool-write'),
  'this is {no record\n\n',
  recorded('steer-mid-run'),
  recorded('retry-429'),
  recorded('abort-in-text').split('\n').slice(0, 12).join('\n'),
].join('');
const output = Buffer.from(text);
const secret = 'line 2';

/** Pulls with pauses, as a plane that waits for its log does. */
async function slowly(source: AsyncIterable<SourceBatch>, pauses: readonly number[]): Promise<SourceBatch[]> {
  const batches: SourceBatch[] = [];
  for await (const batch of source) {
    batches.push(undated(batch));
    const pause = pauses[batches.length % (pauses.length || 1)] ?? 0;
    if (pause > 0) await sleep(pause);
  }
  return batches;
}

describe('the events of a run that is still being written', () => {
  test('are those of a replay, however the output is cut, however slowly they are read, and whenever the reader came', async () => {
    const writing = array(record({ bytes: integer({ min: 1, max: 9000 }), pauseMs: integer({ min: 0, max: 3 }) }), {
      minLength: 1,
      maxLength: 12,
    });
    const reading = record({
      handOverBytes: constantFrom(1, 500, 5000, 1_000_000),
      comesAfterMs: constantFrom(0, 0, 5, 30),
      pauses: array(constantFrom(0, 0, 0, 1, 4), { maxLength: 8 }),
      breaksAfter: constantFrom(0, 1, 5, 40),
    });
    await assert(
      asyncProperty(writing, reading, async (writes, { handOverBytes, comesAfterMs, pauses, breaksAfter }) => {
        await using run = await GrowingRun.begin();
        const pi = run.output([secret], handOverBytes);
        const written = (async () => {
          let at = 0;
          for (const { bytes, pauseMs } of writes) {
            await run.write(output.subarray(at, (at += bytes)));
            await sleep(pauseMs);
          }
          await run.write(output.subarray(at));
          await run.end(7);
        })();
        await sleep(comesAfterMs);
        const first: SourceBatch[] = [];
        if (breaksAfter > 0) {
          for await (const batch of run.events(pi, undefined, [secret])) {
            if (first.push(batch) >= breaksAfter) break;
          }
        }
        const after = first.at(-1)?.cursor;
        const rest = await slowly(run.events(pi, after, [secret]), pauses);
        await written;
        expect([...first, ...rest]).toEqual(await replayed(run.handle, [secret]));
        expect(rest).toEqual(await replayed(run.handle, [secret], after));
        expect(JSON.stringify(rest)).not.toContain(secret);
        // The session knows the same, with or without the increments.
        await pi.until(() => pi.ended);
        const whole = run.output([secret]);
        await whole.until(() => whole.ended);
        expect(pi.state.life).toEqual(whole.state.life);
        expect(pi.state.dialogs).toEqual(whole.state.dialogs);
        expect({ ...pi.state.trail, delivered: [] }).toEqual({ ...whole.state.trail, delivered: [] });
      }),
      { numRuns: 40 },
    );
  });

  test('are there for a second reader once the first has stopped, also after the end', async () => {
    await using run = await GrowingRun.begin();
    const pi = run.output();
    await run.write(`${text}\n`);
    for await (const _batch of run.events(pi)) break;
    await run.end();
    await pi.until(() => pi.ended);
    expect(await collected(run.events(pi))).toEqual(await replayed(run.handle, []));
  });

  test('wait for a slow reader while the session goes on', async () => {
    await using run = await GrowingRun.begin();
    const pi = run.output([], 1000);
    await run.write(output);
    const reader = run.events(pi);
    const { value: first } = await reader.next();
    if (!first) throw new Error('there is no first batch');
    await run.end();
    await pi.until(() => pi.ended);
    expect(pi.answered.size).toBeGreaterThan(0);
    expect([undated(first), ...(await collected(reader))]).toEqual(await replayed(run.handle, []));
  });
});

describe('a record', () => {
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  const increments = lines.filter((line) => /^{"type":"(message|tool_execution)_update"/.test(line));

  /** How many records were parsed meanwhile, of those that the test wrote. */
  async function parsedWhile(work: () => Promise<void>): Promise<number> {
    const written = new Set(lines);
    const parse = vi.spyOn(JSON, 'parse');
    await work();
    const { calls } = parse.mock;
    const parsed = calls.filter(([line]) => written.has(line)).length;
    parse.mockRestore();
    return parsed;
  }

  async function written(run: GrowingRun, read: boolean): Promise<void> {
    const pi = run.output();
    const reading = read ? collected(run.events(pi)) : undefined;
    for (const line of lines) await run.write(`${line}\n`);
    await run.end();
    await pi.until(() => pi.ended);
    await reading;
  }

  test('is parsed once, for the session and for a reader that keeps up', async () => {
    await using run = await GrowingRun.begin();
    expect(await parsedWhile(() => written(run, true))).toBe(lines.length);
  });

  test('that is an increment is not even parsed after the reader has stopped', async () => {
    await using run = await GrowingRun.begin();
    const pi = run.output();
    const [first = '', ...rest] = lines;
    await run.write(`${first}\n`);
    for await (const _batch of run.events(pi)) break;
    const parsed = await parsedWhile(async () => {
      await run.write(`${rest.join('\n')}\n`);
      await run.end();
      await pi.until(() => pi.ended);
    });
    expect(parsed).toBe(rest.length - increments.length);
    expect(increments.length).toBeGreaterThan(20);
  });
});
