import { chmod, mkdir, symlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { afterEach, expect, it, vi } from 'vitest';
import { socketPath } from '../../src/index.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

afterEach(() => vi.unstubAllEnvs());

it('a plane without a safe directory for its socket does not open, and leaves nothing behind', async () => {
  await using places = await makePlaces();
  const directories = [join(places.root, 'xdg', 'runtime'), join(places.root, 'tmp', `runtime-${userInfo().uid}`)];
  vi.stubEnv('XDG_RUNTIME_DIR', join(places.root, 'xdg'));
  vi.stubEnv('TMPDIR', join(places.root, 'tmp'));
  for (const directory of directories) {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755);
  }
  await expect(openPlane(places, { adapters: [memoryRuntime()], listen: true })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    hint: expect.stringContaining('XDG_RUNTIME_DIR'),
  });
  for (const directory of directories) await chmod(directory, 0o700);
  // Nothing of the failed opening is left: neither lock nor files.
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
  expect(await socketPath(places.dataDir)).toMatch(new RegExp(`^${directories[0]}/[0-9a-f]{24}\\.sock$`));
  expect((await plane.info()).clients).toBe(0);
});

it('a socket path that is too long for the kernel is refused', async () => {
  await using places = await makePlaces();
  const deep = `/run/${'deep/'.repeat(20)}`;
  vi.stubEnv('XDG_RUNTIME_DIR', deep);
  vi.stubEnv('TMPDIR', deep);
  await expect(socketPath(places.dataDir)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    hint: expect.stringContaining('XDG_RUNTIME_DIR'),
  });
});

it('a data directory has one socket, by whichever name it is called', async () => {
  await using places = await makePlaces();
  await mkdir(places.dataDir);
  await symlink(places.dataDir, join(places.root, 'alias'));
  expect(await socketPath(join(places.root, 'alias'))).toBe(await socketPath(places.dataDir));
  expect(await socketPath(places.workspace)).not.toBe(await socketPath(places.dataDir));
});
