import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { maxInstructionChars } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';

const repeating = () => Lab.open(({ text }) => [{ do: 'say', text: `heard ${text.length}: ${text.slice(0, 20)}` }]);

describe('the file of a prompt', () => {
  it.each(['run', 'submit'])('that has no end is given up by %s', async (command) => {
    await using lab = await repeating();
    const { code, stderr } = await lab.run(command, '--prompt-file', '/dev/zero');
    expect([code, stderr]).toEqual([2, expect.stringContaining(`longer than ${maxInstructionChars} characters`)]);
  });

  it('may be as long as an instruction, and no longer', async () => {
    await using lab = await repeating();
    const path = join(lab.root, 'prompt');
    writeFileSync(path, 'ü'.repeat(maxInstructionChars));
    expect((await lab.run('run', '-q', '--prompt-file', path)).stdout).toContain(`heard ${maxInstructionChars}: ü`);
    appendFileSync(path, 'x');
    expect((await lab.run('run', '--prompt-file', path)).stderr).toContain('longer than');
  });

  it('may be a pipe, which is read as it is written', async () => {
    await using lab = await repeating();
    const path = join(lab.root, 'pipe');
    execFileSync('mkfifo', [path]);
    const running = lab.start(['run', '-q', '--prompt-file', path]);
    const writer = await open(path, 'w');
    await writer.write('in two ');
    await writer.write('parts');
    await writer.close();
    expect((await running.ended).stdout).toBe('heard 12: in two parts\n');
  });

  it('may be a pipe that nobody writes to: Ctrl-C ends the waiting', async () => {
    await using lab = await repeating();
    const path = join(lab.root, 'pipe');
    execFileSync('mkfifo', [path]);
    const steering = lab.start(['steer', 'last', '--prompt-file', path]);
    // Both ends are open once this is: nothing is written, and nothing was closed.
    await using _writer = await open(path, 'w');
    steering.signal('SIGINT');
    expect((await steering.ended).code).toBe(130);
  });

  it('may begin with the mark that some editors put there, which is no part of the prompt', async () => {
    await using lab = await repeating();
    const path = join(lab.root, 'prompt');
    writeFileSync(path, '\u{feff}hello');
    expect((await lab.run('run', '-q', '--prompt-file', path)).stdout).toBe('heard 5: hello\n');
  });

  it('is named when it cannot be read', async () => {
    await using lab = await repeating();
    const missing = await lab.run('run', '--prompt-file', 'missing');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringMatching(/cannot read the prompt: .*missing/)]);
    const directory = await lab.run('run', '--prompt-file', '.');
    expect([directory.code, directory.stderr]).toEqual([2, expect.stringMatching(/cannot read the prompt: .*EISDIR/)]);
  });
});
