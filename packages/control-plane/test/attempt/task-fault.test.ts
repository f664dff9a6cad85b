import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { makePlaces } from '../support/planes.ts';

it('an environment file that cannot be opened at the moment is no fault of the task', async () => {
  await using places = await makePlaces();
  const file = join(places.root, 'env');
  await writeFile(file, 'A=b', { mode: 0o600 });
  const script = fileURLToPath(new URL('../support/task-fault-without-descriptors.ts', import.meta.url));
  const command = 'ulimit -n 64; "$0" --conditions=@runtime/source "$1" "$2"; exit';
  const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, script, file]);
  expect(JSON.parse(stdout)).toEqual({ thrown: 'UNAVAILABLE' });
});
