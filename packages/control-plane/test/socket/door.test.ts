import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { openDoor, scripted } from '../support/socket-places.ts';
import { makePlaces } from '../support/planes.ts';

it('a door that cannot be repaired is not looked at again for what its own attempts leave in its directory', async () => {
  await using places = await makePlaces();
  await mkdir(places.dataDir, { recursive: true });
  const attempts: number[] = [];
  const checkMs = 200;
  let failing = false;
  const announce = async (): Promise<boolean> => {
    if (!failing) return true;
    attempts.push(performance.now());
    // As every attempt to write a record does.
    const temporary = join(places.dataDir, `attempt-${attempts.length}`);
    await writeFile(temporary, '');
    await rm(temporary);
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  const door = await openDoor(join(places.dataDir, 's'), { channel: scripted().channel, announce, checkMs });
  failing = true;
  await expect.poll(() => attempts.length, { timeout: 30_000 * inject('slowness') }).toBeGreaterThanOrEqual(5);
  await door.close();
  const [first = 0, , , , fifth = 0] = attempts;
  // A timer may be a little early; a busy machine only makes it later.
  expect(fifth - first).toBeGreaterThan(4 * (checkMs - 10));
});
