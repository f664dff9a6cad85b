import { once } from 'node:events';
import { closeSync, constants, createWriteStream, existsSync, openSync, writeSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readHolderRecord, runPaths } from '@runtime/adapter-kit/run';
import { makeHandle, makeInstruction, makeLaunch } from '@runtime/conformance/adapter';
import { AgentRuntimeError, type Instruction } from '@runtime/contracts';
import { describe, expect, test } from 'vitest';
import { PiInput } from '../src/say/pi-input.ts';
import { promptCommand } from '../src/say/prompt-line.ts';
import { Sending } from '../src/say/sending.ts';
import { SentMarks } from '../src/say/sent-marks.ts';
import { PiOutput } from '../src/read/pi-output.ts';
import { Stage } from './support/stage.ts';

/** What Pi does to those who trust it; each was seen with the real one. */
describe('Pi does not surprise us:', () => {
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
      expect(stage.all('context.compacted')).toHaveLength(1);
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
      expect(stage.all('turn.ended')).toHaveLength(1);
    },
  );

  test('trap 2: of two prompts sent at once none is lost, for the second waits until the first is acknowledged', async () => {
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

  test('traps 4, 5 and 12: no command is ever sent that loses a prompt, starts nothing, or is kept in the settings', async () => {
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

  test.each(['steer', 'followUp'] as const)('trap 5: a %s while Pi rests starts a turn', async (mode) => {
    await using stage = await Stage.start({});
    const instruction = await stage.say('Wake up.', mode);
    const started = await stage.until('turn.started');
    expect(started.instructionId).toBe(instruction.id);
    await stage.until('turn.ended');
    expect(stage.levels(instruction)).toEqual(['accepted', 'delivered', 'observed']);
  });

  test('trap 6: what was queued when a turn was interrupted is declined and never said', async () => {
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

  test('trap 6: where nothing can empty the queue of an old version, the interrupt says so', async () => {
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

  test('trap 7: an open dialog does not block an interrupt: it is answered as cancelled first', async () => {
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

  test('trap 11: a session that ended before its first answer was complete cannot be resumed, and the start says so before it spawns', async () => {
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

  test('a command of an extension begins no turn, and has one of its own all the same', async () => {
    const program = fileURLToPath(new URL('support/command-only.ts', import.meta.url));
    await using stage = await Stage.start(
      {},
      { pi: { command: [process.execPath, '--conditions=@runtime/source', program] } },
    );
    const instruction = await stage.say('/ask');
    await expect(stage.until('turn.ended')).resolves.toMatchObject({ outcome: { status: 'succeeded' } });
    expect(stage.levels(instruction)).toEqual(['accepted', 'delivered']);
  });

  test('a stopped Pi whose input is full blocks neither a question, such as those of an interrupt, nor a recovery', async () => {
    await using stage = await Stage.start({});
    const { handle } = stage.launch;
    const agent = (await readHolderRecord(stage.runDir))?.agent.pid ?? 0;
    process.kill(agent, 'SIGSTOP');
    fillFifo(stage);
    const output = new PiOutput(handle, { secrets: [] });
    const input = await PiInput.open(handle, output);
    await expect(input.ask('clear_queue', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await input.close();
    await output.close();
    expect((await stage.adapter.recover(handle)).status).toBe('live');
    process.kill(agent, 'SIGCONT');
  });

  test('a session of another workspace is not resumed: Pi would work there, whatever the launch says', async () => {
    await using stage = await Stage.start({});
    await stage.say('Go.');
    await stage.until('turn.ended');
    await stage.session.stop();
    const { agentSessionId = '' } = stage.session;
    const workspace = join(stage.dir, 'elsewhere');
    await mkdir(workspace);
    const handle = { ...(await makeHandle(stage.dir)), runtime: 'pi' };
    const launch = { ...stage.launch, handle, workspace, resume: { agentSessionId, runDir: stage.runDir } };
    await expect(stage.adapter.start(launch)).rejects.toMatchObject({ details: { reason: 'other-workspace' } });
  });

  test('a session whose process still runs is not resumed: Pi locks nothing', async () => {
    await using stage = await Stage.start({});
    await stage.say('Go.');
    await stage.until('turn.ended');
    const handle = { ...(await makeHandle(stage.dir)), runtime: 'pi' };
    const resume = { agentSessionId: stage.session.agentSessionId ?? '', runDir: stage.runDir };
    await expect(stage.adapter.start({ ...stage.launch, handle, resume })).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

/** Until nothing more can be written without waiting. */
function fillFifo(stage: Stage): void {
  const fifo = openSync(runPaths(stage.runDir).input, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(fifo, '\n'.repeat(4096));
  } catch {
    closeSync(fifo);
  }
}

/** The earlier owner died; what it had begun to send is in the run's directory and in the FIFO. */
describe('an instruction is given to Pi at most once,', () => {
  async function regained(prepare: (stage: Stage, instruction: Instruction) => Promise<void>) {
    const stage = await Stage.start({});
    await stage.session[Symbol.asyncDispose]();
    const instruction = makeInstruction(`Say this once. ${'x'.repeat(70_000)}`);
    await prepare(stage, instruction);
    await stage.recover();
    return { stage, instruction };
  }
  const mark = async (stage: Stage, { id }: Instruction, name: string): Promise<void> => {
    await mkdir(join(stage.runDir, 'sent'), { recursive: true });
    await writeFile(join(stage.runDir, 'sent', `${id}.${name}`), '');
  };
  async function inFifo(stage: Stage, text: string): Promise<void> {
    const fifo = createWriteStream(runPaths(stage.runDir).input, { flags: 'r+' });
    fifo.end(text);
    await once(fifo, 'close');
  }
  const times = async (stage: Stage, { id }: Instruction): Promise<number> =>
    (await stage.records()).filter((each) => each['id'] === id && each['command'] === 'prompt').length;

  test('and is sent when the owner died before the first byte', async () => {
    const { stage, instruction } = await regained(async () => {});
    await using _stage = stage;
    await stage.session.send(instruction);
    await stage.until('turn.ended');
    expect(await times(stage, instruction)).toBe(1);
  });

  test('and is not sent again when it was handed over', async () => {
    const { stage, instruction } = await regained(async (stage, instruction) => {
      await mark(stage, instruction, 'written');
      await inFifo(stage, `${JSON.stringify(promptCommand(instruction))}\n`);
    });
    await using _stage = stage;
    await stage.session.send(instruction);
    await stage.session.send(instruction);
    await stage.until('turn.ended');
    expect(await times(stage, instruction)).toBe(1);
    expect(stage.levels(instruction)).toEqual(['accepted', 'delivered', 'observed']);
  });

  test('and is not sent again when the owner died between the last byte and noting it', async () => {
    const { stage, instruction } = await regained(async (stage, instruction) => {
      await mark(stage, instruction, 'sending');
      await inFifo(stage, `${JSON.stringify(promptCommand(instruction))}\n`);
    });
    await using _stage = stage;
    await stage.session.send(instruction);
    await stage.until('turn.ended');
    expect(await times(stage, instruction)).toBe(1);
  });

  test('and is sent when the owner died in the middle of its line, which Pi refuses', async () => {
    const { stage, instruction } = await regained(async (stage, instruction) => {
      await mark(stage, instruction, 'sending');
      await inFifo(stage, JSON.stringify(promptCommand(instruction)).slice(0, 30_000));
    });
    await using _stage = stage;
    await stage.session.send(instruction);
    await stage.until('turn.ended');
    expect(await times(stage, instruction)).toBe(1);
    expect((await stage.records()).some((each) => each['command'] === 'parse')).toBe(true);
  });

  test('and is not sent again because of a line that was torn under an earlier owner', async () => {
    const { stage, instruction: torn } = await regained(async (stage, instruction) => {
      await mark(stage, instruction, 'sending');
      await inFifo(stage, JSON.stringify(promptCommand(instruction)).slice(0, 30_000));
    });
    await using _stage = stage;
    await stage.session.send(torn);
    await stage.until('turn.ended');
    await stage.session[Symbol.asyncDispose]();
    const instruction = makeInstruction('Say this once, too.');
    await mark(stage, instruction, 'sending');
    await stage.recover();
    await expect(stage.session.send(instruction)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await times(stage, instruction)).toBe(0);
  });

  test('and is not said to be unsent when only the note about it fails', async () => {
    await using stage = await Stage.start({});
    const output = new PiOutput(stage.launch.handle, { secrets: [] });
    const input = await PiInput.open(stage.launch.handle, output);
    const marks = new SentMarks(stage.runDir);
    marks.written = () => Promise.reject(new Error('ENOSPC'));
    const sending = await Sending.open(input, output, marks, 0);
    const instruction = makeInstruction('Say this once.');
    await sending.send(instruction);
    await sending.send(instruction);
    await stage.until('turn.ended');
    expect(await times(stage, instruction)).toBe(1);
    await input.close();
    await output.close();
  });

  test('and where nobody can tell, that is what is said', async () => {
    const { stage, instruction } = await regained((stage, instruction) => mark(stage, instruction, 'sending'));
    await using _stage = stage;
    const error: unknown = await stage.session.send(instruction).catch((thrown: unknown) => thrown);
    expect(AgentRuntimeError.isInstance(error) && error.code).toBe('OUTCOME_UNKNOWN');
    expect(await times(stage, instruction)).toBe(0);
  });
});
