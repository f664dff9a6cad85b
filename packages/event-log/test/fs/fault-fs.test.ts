import { expect, expectTypeOf, test } from 'vitest';
import { crashImage, FaultFs, type FaultFileSystem } from '@runtime/conformance/event-log';
import type { LogFs } from '../../src/testing.ts';

const always = () => 0.99;
const never = () => 0;

test('the file system of the suite has the type that the log expects', () => {
  expectTypeOf<FaultFileSystem>().toExtend<LogFs>();
  expectTypeOf<Omit<LogFs, 'watch'>>().toExtend<FaultFileSystem>();
});

test('a power failure removes bytes that were not synced, and keeps the others', async () => {
  const fs = new FaultFs();
  const file = await fs.open('/d/a', 'write');
  await file.write(Buffer.from('synced'), 0);
  await file.sync();
  await fs.syncDir('/d');
  await file.write(Buffer.from(' and not'), 6);
  const at = fs.operations.length;
  const text = (power: () => number) =>
    Buffer.from(crashImage(fs.operations, { at, power }).get('/d/a') ?? []).toString();
  expect(text(never)).toBe('synced');
  expect(text(always)).toContain('synced');
  expect(Buffer.from(crashImage(fs.operations, { at }).get('/d/a') ?? []).toString()).toBe('synced and not');
});

test('a name is lost in a power failure until its directory is synced', async () => {
  const fs = new FaultFs();
  const file = await fs.open('/d/a', 'write');
  await file.write(Buffer.from('x'), 0);
  await file.sync();
  expect([...crashImage(fs.operations, { at: fs.operations.length, power: never }).keys()]).toEqual([]);
  await fs.syncDir('/d');
  await fs.rename('/d/a', '/d/b');
  expect([...crashImage(fs.operations, { at: fs.operations.length, power: never }).keys()]).toEqual(['/d/a']);
  await fs.syncDir('/d');
  expect([...crashImage(fs.operations, { at: fs.operations.length, power: never }).keys()]).toEqual(['/d/b']);
});

test('a write through O_DSYNC makes its own bytes durable and no others', async () => {
  const fs = new FaultFs();
  const plain = await fs.open('/d/a', 'write');
  await fs.syncDir('/d');
  await plain.write(Buffer.alloc(512, 'a'), 0);
  const durable = await fs.open('/d/a', 'write-durable');
  await durable.write(Buffer.from('b'), 512);
  const bytes = crashImage(fs.operations, { at: fs.operations.length, power: never }).get('/d/a') ?? new Uint8Array();
  expect([bytes.length, bytes[0], bytes[512]]).toEqual([513, 0, 'b'.charCodeAt(0)]);
});

test('a full disk writes the bytes that fit without an error, and fails when none do', async () => {
  const fs = new FaultFs();
  fs.capacity = 3;
  const file = await fs.open('/d/a', 'write');
  expect(await file.write(Buffer.from('hello'), 0)).toBe(3);
  await expect(file.write(Buffer.from('lo'), 3)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await file.write(Buffer.from('HEL'), 0)).toBe(3);
});
