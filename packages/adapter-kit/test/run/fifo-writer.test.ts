import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openFifoWriter, releaseStdin, runPaths, waitForExit } from '../../src/run/index.ts';
import { codeOf, eventually, testRun } from '../support/run.ts';

it('brings a megabyte to a slow reader whole and in order, without blocking the event loop', async () => {
  await using run = await testRun();
  const slow = `
    const hash = require('crypto').createHash('sha256'); let size = 0;
    const begin = () => process.stdin.on('data', (chunk) => {
      hash.update(chunk); size += chunk.length;
      process.stdin.pause(); setTimeout(() => process.stdin.resume(), 2);
    }).on('end', () => console.log(size, hash.digest('hex')));
    const look = setInterval(() => {
      if (!require('fs').existsSync('gate')) return;
      clearInterval(look); begin();
    }, 5);`;
  await run.start([process.execPath, '-e', slow], { stdin: { kind: 'fifo' } });
  const writer = await openFifoWriter(runPaths(run.dir).input);
  const parts = Array.from({ length: 16 }, () => randomBytes(65_536 + 7));
  const written = Promise.all(parts.map((part) => writer.write(part)));
  await delay(50);
  // Nobody reads before this file is there, and a blocked event loop would never make it.
  await writeFile(path.join(run.dir, 'gate'), '');
  await written;
  await writer.close();
  await releaseStdin(run.handle);
  await waitForExit(run.handle);
  const whole = Buffer.concat(parts);
  expect(await run.read('stdout.log')).toBe(`${whole.length} ${createHash('sha256').update(whole).digest('hex')}\n`);
});

it('bounds what waits, takes back what has not begun, and says unknown for what has', async () => {
  await using run = await testRun();
  await run.start(['sleep', '60'], { stdin: { kind: 'fifo' } });
  const writer = await openFifoWriter(runPaths(run.dir).input, { maxQueuedBytes: 300_000 });
  const running = writer.write(Buffer.alloc(200_000));
  const controller = new AbortController();
  const waiting = writer.write('never sent', { signal: controller.signal });
  expect(await codeOf(writer.write(Buffer.alloc(100_000)))).toBe('EXHAUSTED');
  controller.abort();
  expect(await codeOf(waiting)).toBe('CANCELLED');
  await delay(20);
  const settled = codeOf(running);
  await writer.close();
  expect(await settled).toBe('OUTCOME_UNKNOWN');
  expect(await codeOf(writer.write('x'))).toBe('CANCELLED');
  await writer.close();
});

it('says unavailable when the reader is gone, before and after opening', async () => {
  await using run = await testRun();
  await run.sh('read line; exit 0', { stdin: { kind: 'fifo' } });
  await using writer = await openFifoWriter(runPaths(run.dir).input);
  await writer.write('go\n');
  await waitForExit(run.handle);
  // The holder's own end closes when it exits, a moment after the record.
  expect(await eventually(async () => codeOf(writer.write('more\n')))).toBe('UNAVAILABLE');
  await writer.close();
  expect(await codeOf(openFifoWriter(runPaths(run.dir).input))).toBe('UNAVAILABLE');
});

it('refuses what is no FIFO', async () => {
  await using run = await testRun();
  const file = path.join(run.dir, 'file');
  await writeFile(file, '');
  expect(await codeOf(openFifoWriter(file))).toBe('INVALID_ARGUMENT');
  expect(await codeOf(openFifoWriter(path.join(run.dir, 'none')))).toBe('NOT_FOUND');
});
