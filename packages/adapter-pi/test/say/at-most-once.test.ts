import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runPaths } from '@runtime/adapter-kit/run';
import { makeInstruction } from '@runtime/conformance/adapter';
import { AgentRuntimeError, type Instruction } from '@runtime/contracts';
import { describe, expect, test } from 'vitest';
import { PiOutput } from '../../src/read/pi-output.ts';
import { PiInput } from '../../src/say/pi-input.ts';
import { promptCommand } from '../../src/say/prompt-line.ts';
import { Sending } from '../../src/say/sending.ts';
import { SentMarks } from '../../src/say/sent-marks.ts';
import { Stage } from '../support/stage.ts';

/** An earlier owner died; what it had begun to send is in the run's directory and in the FIFO. */
describe('an instruction whose owner died', () => {
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

  test('before the first byte is sent', async () => {
    const { stage, instruction } = await regained(async () => {});
    await using _stage = stage;
    await stage.session.send(instruction);
    await stage.until('turn.ended');
    expect(await times(stage, instruction)).toBe(1);
  });

  test('after it was written is not sent again', async () => {
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

  test('between the last byte and the mark is not sent again', async () => {
    const { stage, instruction } = await regained(async (stage, instruction) => {
      await mark(stage, instruction, 'sending');
      await inFifo(stage, `${JSON.stringify(promptCommand(instruction))}\n`);
    });
    await using _stage = stage;
    await stage.session.send(instruction);
    await stage.until('turn.ended');
    expect(await times(stage, instruction)).toBe(1);
  });

  test('in the middle of its line, which Pi refuses, is sent', async () => {
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

  test('is not sent again because of a line that was torn under an owner before that one', async () => {
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

  test('is sent once even if its mark cannot be written', async () => {
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

  test('is OUTCOME_UNKNOWN if nothing shows whether Pi has it', async () => {
    const { stage, instruction } = await regained((stage, instruction) => mark(stage, instruction, 'sending'));
    await using _stage = stage;
    const error: unknown = await stage.session.send(instruction).catch((thrown: unknown) => thrown);
    expect(AgentRuntimeError.isInstance(error) && error.code).toBe('OUTCOME_UNKNOWN');
    expect(await times(stage, instruction)).toBe(0);
  });
});
