import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openWireRecorder, parseJsonLine } from '../../src/source/index.ts';
import { codeOf } from '../support/run.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'adapter-kit-wire-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));
const wire = (): string => path.join(dir, 'wire.jsonl');

it('records frames in the order of the calls, one line each, and says where they stand', async () => {
  const recorder = await openWireRecorder(wire());
  const frames = Array.from({ length: 200 }, (_, index) =>
    JSON.stringify({ index, pad: 'ü'.repeat(index) }, undefined, index % 2),
  );
  const places = await Promise.all(frames.map((frame) => recorder.append(frame)));
  await recorder.close();
  const bytes = await readFile(wire());
  for (const [index, { start, end }] of places.entries()) {
    const parsed = parseJsonLine(bytes.subarray(start, end));
    expect(parsed).toEqual({ ok: true, value: JSON.parse(frames[index] ?? '') });
  }
  expect(bytes.toString().split('\n').length).toBe(201);
  expect(recorder.size).toBe(bytes.length);
  expect((await stat(wire())).mode & 0o777).toBe(0o600);
  expect(await codeOf(recorder.append('{}'))).toBe('UNAVAILABLE');
  await recorder.close();
});

it('goes on behind what is there, and ends a line that a crash left unfinished', async () => {
  await writeFile(wire(), '{"a":1}\n{"to');
  await using recorder = await openWireRecorder(wire());
  await recorder.append('{"b":2}');
  expect(await readFile(wire(), 'utf8')).toBe('{"a":1}\n{"to\n{"b":2}\n');
});

it('bounds what waits', async () => {
  await using recorder = await openWireRecorder(wire(), { maxQueuedBytes: 100 });
  const first = recorder.append('x'.repeat(80));
  expect(await codeOf(recorder.append('y'.repeat(80)))).toBe('EXHAUSTED');
  await first;
  await recorder.append('z'.repeat(80));
});

it('leaves nothing of a frame that found no room, and goes on when there is', async () => {
  // A limit on the size of files stands for a full disk; it holds for the whole process, so the writer is one of its
  // own.
  const script = fileURLToPath(new URL('../support/record-until-full.ts', import.meta.url));
  // The compile cache would find no room either.
  const command = `unset NODE_COMPILE_CACHE; ulimit -f 4; exec "$0" --conditions=@runtime/source "$1" "$2"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, script, wire()]);
  expect(stdout.trim()).toBe('["ok","EXHAUSTED","ok"]');
  expect((await readFile(wire(), 'utf8')).split('\n').map((line) => line.length)).toEqual([3000, 100, 0]);
});

it('refuses a link', async () => {
  await appendFile(path.join(dir, 'other'), '');
  await symlink(path.join(dir, 'other'), wire());
  expect(await codeOf(openWireRecorder(wire()))).toBe('UNAVAILABLE');
});
