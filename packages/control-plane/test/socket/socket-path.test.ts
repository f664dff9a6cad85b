import { chmod, mkdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { afterEach, expect, it, vi } from 'vitest';
import { socketPath } from '../../src/index.ts';
import { ensureSocketDirectory } from '../../src/socket/socket-path.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

afterEach(() => vi.unstubAllEnvs());

it('the socket directory is made when it is missing, for its user alone', async () => {
  await using places = await makePlaces();
  const dir = join(places.root, 'a', 'b');
  await ensureSocketDirectory(dir);
  await ensureSocketDirectory(dir);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
});

it('the socket directory is refused when others may use it, or it is a symbolic link', async () => {
  await using places = await makePlaces();
  const open = join(places.root, 'open');
  await mkdir(open);
  await chmod(open, 0o777);
  const link = join(places.root, 'link');
  await symlink(places.workspace, link);
  for (const dir of [open, link])
    await expect(ensureSocketDirectory(dir)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      hint: expect.any(String),
    });
});

it('a plane whose socket directory is refused does not open, and leaves nothing behind', async () => {
  await using places = await makePlaces();
  const runtimeDir = join(places.root, 'xdg');
  await mkdir(join(runtimeDir, 'runtime'), { recursive: true });
  await chmod(join(runtimeDir, 'runtime'), 0o755);
  vi.stubEnv('XDG_RUNTIME_DIR', runtimeDir);
  await expect(openPlane(places, { adapters: [memoryRuntime()], listen: true })).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
  await chmod(join(runtimeDir, 'runtime'), 0o700);
  // Nothing of the failed opening is left: neither lock nor files.
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
  expect(await socketPath(places.dataDir)).toMatch(new RegExp(`^${runtimeDir}/runtime/[0-9a-f]{24}\\.sock$`));
  expect((await plane.info()).clients).toBe(0);
});

it('a socket path that is too long for the kernel is refused', async () => {
  await using places = await makePlaces();
  vi.stubEnv('XDG_RUNTIME_DIR', `/run/${'deep/'.repeat(20)}`);
  await expect(socketPath(places.dataDir)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
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
