/** An agent works in a git worktree of its own. What it changed is reviewed, and only then applied to the checkout. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { local } from '@runtime/adapter-local';
import { openControlPlane } from '@runtime/control-plane';
import { applyPatch, diffWorktree } from '@runtime/worktrees';

const git = (...args: string[]): void => {
  execFileSync('git', ['-c', 'user.name=me', '-c', 'user.email=me@example.com', ...args], { cwd: 'project' });
};

await mkdir('project');
await writeFile('project/greeting.txt', 'hello wrld\n');
git('init', '--quiet');
git('add', '.');
git('commit', '--quiet', '--message', 'A greeting');
// Not committed, and none of the agent's business.
await writeFile('project/notes.txt', 'ask about the tone\n');

/** An agent that mends the greeting, and leaves a file that nobody asked for. */
const editor = local({
  id: 'editor',
  command: ['sh', '-c', 'sed "s/wrld/world/" greeting.txt > new && mv new greeting.txt && echo done > report.txt'],
});

const plane = await openControlPlane({ dataDir: resolve('data'), adapters: [editor] });
try {
  const task = await plane.submit({
    prompt: 'Correct the spelling in greeting.txt',
    workspace: { git: 'project', worktree: true },
    runtimes: ['editor'],
  });
  assert.deepEqual(await task.outcome(), { status: 'succeeded' });
  assert.equal(await readFile('project/greeting.txt', 'utf8'), 'hello wrld\n');

  // The review: which files it changed, and whether they are those that it was to change.
  const { worktree } = await task.status();
  assert(worktree?.preserved);
  const { repository, base, preserved } = worktree;
  const files = await diffWorktree({ repository, base, commit: preserved.commit });
  for (const { kind, path, added, deleted } of files) console.log(`${kind} ${path} +${added} -${deleted}`);
  const isExpected = files.every(({ path }) => ['greeting.txt', 'report.txt'].includes(path));
  assert(isExpected);

  for await (const artifact of task.artifacts())
    if (artifact.name === 'changes.patch') await applyPatch({ dir: 'project', patch: artifact.body() });
  assert.equal(await readFile('project/greeting.txt', 'utf8'), 'hello world\n');
  assert.equal(await readFile('project/notes.txt', 'utf8'), 'ask about the tone\n');
  console.log('applied');

  // The worktree goes with the task, and a ref of the repository keeps what was in it.
  await task.remove();
  git('rev-parse', '--verify', '--quiet', preserved.ref);
  console.log('removed, and kept by a ref');
} finally {
  await plane.close();
}
