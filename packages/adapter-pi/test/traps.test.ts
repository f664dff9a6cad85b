import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readHolderRecord, runPaths } from '@runtime/adapter-kit/run';
import { makeHandle, makeInstruction, makeLaunch } from '@runtime/conformance/adapter';
import { describe, expect, test } from 'vitest';
import { promptCommand } from '../src/say/prompt-line.ts';
import { Stage } from './support/stage.ts';

/** Surprises of Pi, each seen with the real one. */
describe('no surprise of Pi gets through:', () => {
  test.each(['0.73', '0.87', '1.5'] as const)(
    'trap 1: a turn is over when Pi rests, not at agent_end with willRetry false before a compaction (%s)',
    async (version) => {
      await using stage = await Stage.start(
        { rules: [{ steps: [{ overflow: true }, { text: 'after all' }] }] },
        { version },
      );
      await stage.say('Go.');
      const ended = await stage.until('turn.ended');
      expect(ended.outcome.status).toBe('succeeded');
      expect(stage.text()).toContain('after all');
      expect(stage.all('compaction.started')).toEqual([{ type: 'compaction.started', reason: 'overflow' }]);
      expect(stage.all('context.compacted')).toEqual([
        {
          type: 'context.compacted',
          reason: 'overflow',
          tokensBefore: 100_000,
          ...(version === '0.73' ? {} : { tokensAfter: 20_000 }),
        },
      ]);
      expect(stage.all('turn.started')).toHaveLength(1);
    },
  );

  test.each(['0.73', '0.87', '1.5'] as const)(
    'trap 1: nor is it over in the delay of a retry (%s)',
    async (version) => {
      const steps = [{ retry: { times: 2, delayMs: 60, errorMessage: '429: slow down' } }, { text: 'at last' }];
      await using stage = await Stage.start({ rules: [{ steps }] }, { version });
      await stage.say('Go.');
      const ended = await stage.until('turn.ended');
      expect(ended.outcome).toEqual({ status: 'succeeded' });
      expect(stage.all('retry.scheduled').map((event) => event.reason)).toEqual(['429: slow down', '429: slow down']);
      expect(stage.all('retry.ended')).toEqual([{ type: 'retry.ended', attempt: 2, ok: true }]);
      expect(stage.all('turn.ended')).toHaveLength(1);
    },
  );

  test.each(['0.73', '0.87', '1.5'] as const)(
    'an attempt that was aborted did not succeed, though Pi counts it as a success (%s)',
    async (version) => {
      const steps = [{ retry: { times: 1, delayMs: 5 } }, { text: 'again ' }, { hang: true as const }];
      await using stage = await Stage.start({ rules: [{ steps }] }, { version });
      await stage.say('Go.');
      await stage.until('text.delta');
      await stage.session.interrupt();
      await expect(stage.until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'cancelled' } });
      expect(stage.all('retry.ended')).toMatchObject([{ attempt: 1, ok: false }]);
    },
  );

  test('trap 2: none of two concurrent prompts is lost: the second waits until the first is acknowledged', async () => {
    await using stage = await Stage.start({
      rules: [{ when: { mode: 'prompt' }, steps: [{ text: 'one' }, { sleepMs: 100 }] }],
    });
    const both = [makeInstruction('First.'), makeInstruction('Second.', { mode: 'steer' })];
    await Promise.all(both.map((instruction) => stage.session.send(instruction)));
    await stage.until('instruction.observed', 2);
    await stage.until('turn.ended');
    for (const instruction of both) expect(stage.levels(instruction)).toEqual(['accepted', 'delivered', 'observed']);
    expect(stage.text()).toContain('steered: Second.');
  });

  test.each(['0.73', '0.87', '1.5'] as const)(
    'trap 3: an abort right behind a prompt still ends it, for it is held until the prompt is acknowledged (%s)',
    async (version) => {
      await using stage = await Stage.start({ rules: [{ steps: [{ text: 'working' }, { hang: true }] }] }, { version });
      const sending = stage.say('Go.');
      await Promise.all([sending, sending.then(() => stage.session.interrupt())]);
      const ended = await stage.until('turn.ended');
      expect(ended.outcome.status).toBe('cancelled');
    },
  );

  test('traps 4, 5 and 12: no command is sent that loses a prompt, starts nothing, or changes the settings', async () => {
    await using stage = await Stage.start({
      rules: [{ when: { mode: 'prompt' }, times: 1, steps: [{ text: 'a' }, { hang: true }] }],
    });
    await stage.say('Go.');
    await stage.until('text.delta');
    await stage.say('Steer.', 'steer');
    await stage.session.interrupt();
    await stage.say('Again.');
    await stage.until('turn.ended', 2);
    await stage.session.stop();
    const commands = new Set(
      (await stage.records()).filter((each) => each['type'] === 'response').map((each) => each['command']),
    );
    expect(commands).toEqual(new Set(['get_state', 'clear_queue', 'prompt', 'abort']));
    expect(existsSync(join(stage.dir, 'agent', 'settings.json'))).toBe(false);
  });

  test.each(['steer', 'followUp'] as const)('trap 5: a %s while Pi is idle starts a turn', async (mode) => {
    await using stage = await Stage.start({});
    const instruction = await stage.say('Wake up.', mode);
    const started = await stage.until('turn.started');
    expect(started.instructionId).toBe(instruction.id);
    await stage.until('turn.ended');
    expect(stage.levels(instruction)).toEqual(['accepted', 'delivered', 'observed']);
  });

  test('trap 6: what was queued when a turn was interrupted is declined and never reaches the agent', async () => {
    const working = { when: { contains: 'Go' }, steps: [{ text: 'working' }, { hang: true as const }] };
    await using stage = await Stage.start({ rules: [working] });
    await stage.say('Go.');
    await stage.until('text.delta');
    const queued = [await stage.say('Left over.', 'steer'), await stage.say('Later.', 'followUp')];
    await stage.session.interrupt();
    await stage.say('Something else.');
    await stage.until('turn.ended', 2);
    for (const instruction of queued) expect(stage.levels(instruction)).toEqual(['accepted', 'declined']);
    expect(stage.text()).not.toMatch(/Left over|Later/);
  });

  test('trap 6: the interrupt is UNSUPPORTED if nothing can empty the queue of an old version', async () => {
    // The double knows no switch_session, which empties the queue of the real 0.73.1.
    await using stage = await Stage.start(
      { rules: [{ steps: [{ text: 'working' }, { hang: true }] }] },
      { version: '0.73' },
    );
    await stage.say('Go.');
    await stage.until('text.delta');
    await stage.say('Left over.', 'followUp');
    await expect(stage.session.interrupt()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(stage.until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'cancelled' } });
  });

  test('trap 7: an open dialog does not block an interrupt, which cancels it first', async () => {
    const dialog = { method: 'editor' as const, title: 'Edit this' };
    await using stage = await Stage.start({ rules: [{ steps: [{ tool: { name: 'bash', dialog } }, { hang: true }] }] });
    await stage.say('Go.');
    await expect(stage.until('approval.requested')).resolves.toMatchObject({
      kind: 'dialog',
      input: true,
      title: 'Edit this',
    });
    await stage.session.interrupt();
    await expect(stage.until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'cancelled' } });
  });

  test('trap 8: a turn aborted within a tool is cancelled, though Pi calls it an error', async () => {
    const steps = [{ tool: { name: 'bash', updates: ['started\n'], durationMs: 30_000 } }];
    await using stage = await Stage.start({ rules: [{ steps }] });
    await stage.say('Go.');
    await stage.until('tool.started');
    await stage.session.interrupt();
    const ended = await stage.until('turn.ended');
    const last = (await stage.records()).findLast((each) => each['type'] === 'message_end');
    expect(last).toMatchObject({ message: { stopReason: 'error', errorMessage: 'This operation was aborted' } });
    expect(ended.outcome.status).toBe('cancelled');
    expect(stage.all('tool.ended')).toMatchObject([{ ok: false }]);
  });

  test('trap 9: no instruction makes a line that is the JSON value null, which ends Pi', () => {
    for (const text of ['null', '\nnull\n', '\u2028null\u2028', ' ']) {
      const line = JSON.stringify(promptCommand(makeInstruction(text)));
      expect(line.split('\n')).toHaveLength(1);
      expect(JSON.parse(line)).toMatchObject({ type: 'prompt', message: text });
    }
  });

  test.each(['stop', 'reap'] as const)(
    'trap 10: a bash child in a session of its own does not survive the %s after a kill -9 of Pi',
    async (way) => {
      await using stage = await Stage.start({ rules: [{ steps: [{ tool: { name: 'bash', childSleepMs: 60_000 } }] }] });
      await stage.say('Go.');
      await stage.until('tool.started');
      while ((await stage.processes()) < 3) await new Promise((resolve) => setTimeout(resolve, 10));
      const record = await readHolderRecord(stage.runDir);
      process.kill(record?.agent.pid ?? 0, 'SIGKILL');
      await expect(stage.until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'failed', code: 'killed' } });
      expect(await stage.processes()).toBeGreaterThan(0);
      if (way === 'reap') await stage.adapter.reap(stage.launch.handle);
      else expect(await stage.session.stop()).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
      expect(await stage.processes()).toBe(0);
    },
  );

  test('trap 11: resuming a session that ended before its first answer is refused before anything is spawned', async () => {
    await using stage = await Stage.start({ rules: [{ steps: [{ text: 'half' }, { crash: 'SIGKILL' }] }] });
    await stage.say('Go.');
    await stage.until('turn.ended');
    const { agentSessionId = '' } = stage.session;
    expect(agentSessionId).not.toBe('');
    const handle = { ...(await makeHandle(stage.dir)), runtime: 'pi' };
    const launch = await makeLaunch(stage.dir, handle, {
      ...stage.launch,
      resume: { agentSessionId, runDir: stage.runDir },
    });
    const error: unknown = await stage.adapter.start({ ...launch, handle }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NOT_FOUND', retry: 'never', details: { reason: 'no-session' } });
    expect(existsSync(runPaths(handle.runDir).claim)).toBe(false);
  });
});
