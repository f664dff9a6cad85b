import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectControlPlane } from '../../src/index.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

/** Everything in node:fs that changes or syncs something before it returns. */
const writers = Object.keys(fs).filter((name) =>
  /^(write|writev|append|fsync|fdatasync|mkdir|mkdtemp|rm|rmdir|rename|unlink|truncate|ftruncate|copy|cp|link|symlink|chmod|fchmod|chown|utimes|futimes|lutimes|open).*Sync$/.test(
    name,
  ),
);
const table = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
const originals = new Map(writers.map((name) => [name, table[name]!]));
const called: string[] = [];

beforeEach(() => {
  called.length = 0;
  for (const [name, original] of originals) {
    table[name] = (...args) => {
      const reads = name === 'openSync' && (args[1] === undefined || args[1] === 'r');
      if (!reads) called.push(`${name} ${String(args[0])}\n${new Error('here').stack ?? ''}`);
      return original.apply(fs, args);
    };
  }
  syncBuiltinESMExports();
});

afterEach(() => {
  for (const [name, original] of originals) table[name] = original;
  syncBuiltinESMExports();
});

it('notices a synchronous write', async () => {
  await using places = await makePlaces();
  const { writeFileSync } = await import('node:fs');
  writeFileSync(`${places.root}/x`, '');
  expect(called).toHaveLength(1);
  expect(writers).toEqual(
    expect.arrayContaining(['writeSync', 'fsyncSync', 'fdatasyncSync', 'appendFileSync', 'writeFileSync']),
  );
});

it('makes none while it opens, runs a task, serves its socket, and lets go', async () => {
  await using places = await makePlaces();
  const adapters = [
    memoryRuntime({
      script: () => [
        { do: 'say', text: ['a', 'b'] },
        { do: 'ask', title: 'May I?', answered: () => [{ do: 'tool', name: 'write', output: 'x' }] },
        { do: 'listen' },
        { do: 'say', text: 'c' },
      ],
    }),
  ];
  const plane = await openPlane(places, { adapters, listen: true });
  const client = await connectControlPlane({ dataDir: places.dataDir });
  const task = await client.submit({ prompt: 'go', workspace: places.workspace });
  await expect.poll(async () => (await task.status()).approvals.length).toBe(1);
  const [approval] = (await task.status()).approvals;
  await task.answer(approval!.id, { choice: 'allow' });
  await task.steer('x');
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  await client.close();
  await plane.close();
  expect(called).toEqual([]);
});
