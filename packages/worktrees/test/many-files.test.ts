import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addWorktree, diffWorktree, preserveWorktree, removeWorktree } from '../src/index.ts';
import { ground, preservedAs } from './support/repository.ts';

test('a worktree with 50,000 files is made, preserved, compared and removed', async () => {
  await using at = await ground();
  // As a stream for git, which takes a second where files would take ten.
  const lines = Array.from({ length: 50_000 }, (_, number) => {
    const path = `many/${number % 500}/${number}.txt`;
    return `M 644 inline ${path}\ndata ${String(number).length}\n${number}\n`;
  });
  const commit = 'commit refs/heads/many\ncommitter a <a@b> 0 +0000\ndata 4\nmany\n';
  await writeFile(join(at.root, 'stream'), `${commit}${lines.join('')}\n`);
  const importing = spawn('git', ['fast-import', '--quiet'], { cwd: at.repository, env: { ...at.options.env } });
  createReadStream(join(at.root, 'stream')).pipe(importing.stdin);
  await once(importing, 'close');
  const base = (await at.git(['rev-parse', 'many'])).trim();
  const { repository, root, options } = at;
  const worktree = await addWorktree(
    { repository, dir: join(root, 'trees/t1'), branch: 'runtime/t1', base, owner: 't1' },
    options,
  );
  await mkdir(join(worktree.dir, 'new'));
  for (let number = 0; number < 1000; number += 1) await writeFile(join(worktree.dir, 'new', `${number}`), `${number}`);
  const request = { worktree, ref: preservedAs(), message: 'kept' };
  const kept = await preserveWorktree(request, options);
  expect(kept).toMatchObject({ changed: true, unpreserved: [] });
  const changes = await diffWorktree({ repository, base, commit: kept.commit }, options);
  expect(changes.length).toBe(1000);
  await removeWorktree({ worktree, preserved: preservedAs() }, options);
  expect(await readdir(join(root, 'trees'))).toEqual([]);
});
