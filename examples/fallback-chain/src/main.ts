/** Three runtimes in order of preference: the first is not installed, the second fails, the third does the work. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { local } from '@runtime/adapter-local';
import { outcomeCode, type TaskStreamEvent } from '@runtime/contracts';
import { openControlPlane } from '@runtime/control-plane';

let running = '';
const root = await mkdtemp(join(tmpdir(), 'fallback-chain-'));
const plane = await openControlPlane({
  dataDir: join(root, 'data'),
  adapters: [
    local({ id: 'missing', command: ['no-such-agent'] }),
    local({ id: 'failing', command: ['sh', '-c', 'echo "I give up"; exit 7'] }),
    local({ id: 'steady', command: ['sh', '-c', 'tr a-z A-Z > answer.txt; echo written'] }),
  ],
});
try {
  // By default a non-zero exit fails the task. Here the next runtime tries.
  const task = await plane.submit({ prompt: 'shout this', workspace: root, degradeOn: ['exit_code'] });
  const story: string[] = [];
  for await (const event of task.events()) story.push(...linesOf(event));
  for (const line of story) console.log(line);

  assert.deepEqual(story, [
    'missing was rejected: NOT_FOUND',
    'from missing to failing',
    'failing starts',
    '  I give up',
    'failing ended: failed, exit_code',
    'from failing to steady',
    'steady starts',
    '  written',
    'steady ended: succeeded',
    'the task ended: succeeded',
  ]);
  assert.match(await readFile(join(root, 'answer.txt'), 'utf8'), /SHOUT THIS/);
} finally {
  await plane.close();
  await rm(root, { recursive: true, force: true });
}

/** The steps of the fallback, as the log has them. */
function linesOf(event: TaskStreamEvent): string[] {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- these tell the story
  switch (event.type) {
    case 'runtime.rejected':
      return [`${event.target.runtime} was rejected: ${event.code}`];
    case 'runtime.degraded':
      return [`from ${event.from.runtime} to ${event.to.runtime}`];
    case 'run.starting':
      running = event.target.runtime;
      return [`${running} starts`];
    case 'output.delta':
      return [`  ${event.text.trimEnd()}`];
    case 'run.ended':
      return [`${running} ended: ${[event.outcome.status, outcomeCode(event.outcome)].filter(Boolean).join(', ')}`];
    case 'task.ended':
      return [`the task ended: ${event.outcome.status}`];
    default:
      return [];
  }
}
