import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { afterEach, expect, it, vi } from 'vitest';
import { connectControlPlane, socketPath } from '../../src/index.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

afterEach(() => vi.unstubAllEnvs());

it('the socket lies in the data directory, by whichever name that is called', async () => {
  await using places = await makePlaces();
  await mkdir(places.dataDir, { mode: 0o700 });
  await symlink(places.dataDir, join(places.root, 'alias'));
  const path = join(await realpath(places.dataDir), 'owner.sock');
  expect(await socketPath(places.dataDir)).toBe(path);
  expect(await socketPath(join(places.root, 'alias'))).toBe(path);
});

it('a plane in a directory with a long path is reached at a short one', async () => {
  await using places = await makePlaces();
  const dataDir = join(places.root, 'x'.repeat(200));
  await using plane = await openPlane(places, { dataDir, adapters: [memoryRuntime()], listen: true });
  const other = await mkdtemp(join(tmpdir(), 'elsewhere-'));
  vi.stubEnv('XDG_RUNTIME_DIR', other);
  vi.stubEnv('TMPDIR', other);
  await using client = await connectControlPlane({ dataDir });
  expect(await client.info()).toMatchObject({ pid: process.pid });
  expect(Buffer.byteLength(await socketPath(dataDir))).toBeLessThanOrEqual(107);
  await rm(other, { recursive: true });
  expect((await plane.info()).dataDir).toContain('xxx');
});

it.each([
  ['a file', (path: string) => writeFile(path, '')],
  ['a symbolic link', (path: string) => symlink(tmpdir(), path)],
])('a plane does not open in %s, and says so', async (_what, make) => {
  await using places = await makePlaces();
  const dataDir = join(places.root, 'other');
  await make(dataDir);
  await expect(openPlane(places, { dataDir, adapters: [memoryRuntime()] })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    hint: expect.stringContaining('--data-dir'),
  });
});
