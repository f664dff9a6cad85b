import { execFile } from 'node:child_process';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { eventsOf, makePlaces, openPlane, typesOf } from '../support/planes.ts';

it('an environment file that cannot be opened at the moment is no fault of the task', async () => {
  await using places = await makePlaces();
  const file = join(places.root, 'env');
  await writeFile(file, 'A=b', { mode: 0o600 });
  const script = fileURLToPath(new URL('../support/task-fault-without-descriptors.ts', import.meta.url));
  const command = 'ulimit -n 64; "$0" --conditions=@runtime/source "$1" "$2"; exit';
  const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, script, file]);
  expect(JSON.parse(stdout)).toEqual({ thrown: 'UNAVAILABLE' });
});

it.each([
  ['the workspace', async (parent: string) => swap(join(parent, 'c'))],
  ['a directory above it', async (parent: string) => swap(parent)],
])('a task whose workspace leads elsewhere since it was submitted does not start: %s is a link', async (_, change) => {
  await using places = await makePlaces();
  const parent = join(places.workspace, 'parent');
  const workspace = join(parent, 'c');
  await mkdir(workspace, { recursive: true });
  const first = await openPlane(places, { adapters: [memoryRuntime()], scheduler: { admit: () => [] } });
  const { id } = await first.submit({ prompt: 'go', workspace });
  await first.close();
  await change(parent);
  await using later = await openPlane(places, { adapters: [memoryRuntime()] });
  expect(await later.task(id).outcome()).toMatchObject({
    status: 'failed',
    code: 'invalid_request',
    message: expect.stringContaining('leads to'),
  });
  expect(typesOf(await eventsOf(later, id))).not.toContain('run.starting');
});

/** A directory whose name becomes a link to another one with the same content. */
async function swap(folder: string): Promise<void> {
  await rename(folder, `${folder}-2`);
  await symlink(`${folder}-2`, folder);
}
