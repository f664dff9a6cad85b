import { setTimeout as sleep } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { findMarked } from '@runtime/adapter-kit/process';
import { describe, expect, it } from 'vitest';
import { retry } from './support/plane.ts';
import { finish, firstOf, openStage, runsOf, textOf, typesOf } from './support/stage.ts';

/** Kills the process of the run that is Pi itself, not its holder. */
async function killPi(runId: string): Promise<void> {
  for (const { pid } of await findMarked(runId)) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    // Pi renames itself; the holder is a shell that has its command line in its arguments.
    if (/(^|\/)(pi|node)$/.test(words[0] ?? '')) process.kill(pid, 'SIGKILL');
  }
}

describe('when Pi is killed', () => {
  it('is resumed with everything that was complete, in a new process and the same session', async () => {
    await using stage = await openStage({
      rules: [
        // The first answer and its tool are complete, the second answer is not when Pi dies.
        {
          when: { nth: 1 },
          reply: { text: 'First thought.', toolCalls: [{ name: 'write', arguments: { path: 'a.txt', content: 'a' } }] },
        },
        { when: { nth: 2 }, reply: { text: ['Second ', 'thought'] }, fault: { type: 'hang', afterChunks: 1 } },
        { reply: { text: 'Third thought.' } },
      ],
    });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Think thrice', workspace: stage.workspace, retry });
    const { runId } = await firstOf(task, 'tool.ended');
    while (stage.server.requests().length < 2) await sleep(20);
    await sleep(100);
    await killPi(runId);
    const events = await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(runsOf(events)).toHaveLength(2);
    expect(typesOf(events)).toContain('run.resumed');
    expect(events.find((event) => event.type === 'run.ended')).toMatchObject({
      exit: { kind: 'signaled', signal: 'SIGKILL' },
    });
    expect(textOf(events)).toContain('Third thought.');
    const heard = JSON.stringify(stage.server.requests().at(-1)?.body.messages);
    for (const said of ['Think thrice', 'First thought.', 'a.txt']) expect(heard).toContain(said);
  });

  it('leaves no command behind: bash children in sessions of their own end with it', async () => {
    const command = 'setsid sleep 310 & echo > up; sleep 311';
    await using stage = await openStage({
      rules: [
        { times: 1, reply: { toolCalls: [{ name: 'bash', arguments: { command } }] } },
        { reply: { text: 'Back.' } },
      ],
    });
    const plane = await stage.open();
    const task = await plane.submit({ prompt: 'Sleep', workspace: stage.workspace, retry });
    const { runId } = await firstOf(task, 'tool.started');
    await expect.poll(() => stage.read('up').catch(() => undefined)).toBe('\n');
    await killPi(runId);
    await finish(stage, task);
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });
});
