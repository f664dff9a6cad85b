import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readExitRecord } from '@runtime/adapter-kit/run';
import { Stage, eventually } from '../support/stage.ts';

test('a run asks the system nothing that its owner knows', async () => {
  await using stage = await Stage.open();
  const [shims, noted] = [join(stage.dir, 'shims'), join(stage.dir, 'noted')];
  await mkdir(shims);
  for (const name of ['setpriv', 'sync']) {
    const shim = `#!/bin/sh\necho ${name} >>"${noted}"\nPATH=/usr/bin:/bin\nexec ${name} "$@"\n`;
    await writeFile(join(shims, name), shim, { mode: 0o755 });
  }
  vi.stubEnv('PATH', `${shims}:${process.env['PATH']}`);
  try {
    const { handle } = await stage.bash('exit 3');
    await eventually('the exit is durable', async () =>
      (await readFile(noted, 'utf8').catch(() => '')).includes('sync'),
    );
    expect((await readExitRecord(handle.runDir))?.exit).toEqual({ kind: 'exited', code: 3 });
    expect(await readFile(noted, 'utf8')).toBe('sync\n');
  } finally {
    vi.unstubAllEnvs();
  }
});
