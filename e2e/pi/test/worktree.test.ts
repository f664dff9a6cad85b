import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Artifact } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { finish, openStage, type Stage } from './support/stage.ts';

const identity = ['-c', 'user.name=me', '-c', 'user.email=me@example.com'];

async function git({ workspace }: Stage, ...args: string[]): Promise<string> {
  return (await promisify(execFile)('git', [...identity, ...args], { cwd: workspace })).stdout.trim();
}

async function textOf(artifact: Artifact | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifact?.body() ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it('real Pi in a worktree of its own leaves the checkout as it is, and what it committed, changed and made as a patch and a ref', async () => {
  const bash = (command: string) => ({ name: 'bash', arguments: { command } });
  await using stage = await openStage({
    rules: [
      {
        when: { nth: 1 },
        reply: {
          toolCalls: [
            { name: 'write', arguments: { path: 'made.txt', content: 'made\n' } },
            bash(`git add made.txt && git ${identity.join(' ')} commit -qm 'by Pi' && git branch --show-current`),
          ],
        },
      },
      {
        when: { nth: 2 },
        reply: {
          toolCalls: [{ name: 'edit', arguments: { path: 'a.txt', edits: [{ oldText: 'one', newText: 'two' }] } }],
        },
      },
      { reply: { text: 'Both are there.' } },
    ],
  });
  await git(stage, 'init', '-q', '-b', 'main');
  await writeFile(join(stage.workspace, 'a.txt'), 'one\n');
  await git(stage, 'add', 'a.txt');
  await git(stage, 'commit', '-qm', 'first');
  await writeFile(join(stage.workspace, 'mine.txt'), 'not committed\n');
  const before = await git(stage, 'status', '--porcelain');

  const plane = await stage.open();
  const task = await plane.submit({ prompt: 'Change it', workspace: { git: stage.workspace, worktree: true } });
  const events = await finish(stage, task);
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  const { worktree } = await task.status();
  expect(worktree).toMatchObject({ branch: `runtime/${task.id}`, preserved: { changed: true } });
  const outputs = events.flatMap((event) => (event.type === 'tool.ended' ? [JSON.stringify(event)] : []));
  expect(outputs.join('\n'), 'Pi works on that branch').toContain(`runtime/${task.id}`);
  expect(await git(stage, 'status', '--porcelain')).toBe(before);
  expect(await readFile(join(stage.workspace, 'a.txt'), 'utf8')).toBe('one\n');

  const artifacts = new Map<string, Artifact>();
  for await (const artifact of task.artifacts()) artifacts.set(artifact.name, artifact);
  expect(await textOf(artifacts.get('made.txt'))).toBe('made\n');
  expect(await textOf(artifacts.get('a.txt'))).toBe('two\n');
  const patch = join(stage.workspace, '..', 'changes.patch');
  await writeFile(patch, await textOf(artifacts.get('changes.patch')));

  await task.remove();
  expect(existsSync(worktree!.dir)).toBe(false);
  expect(await git(stage, 'log', '--format=%s', worktree!.preserved!.ref)).toContain('by Pi');
  await git(stage, 'apply', patch);
  expect(await readFile(join(stage.workspace, 'a.txt'), 'utf8')).toBe('two\n');
  expect(await readFile(join(stage.workspace, 'made.txt'), 'utf8')).toBe('made\n');
});
