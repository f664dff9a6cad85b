import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { appendNote, readTyped } from '../src/notes.ts';
import { tmuxRunFiles } from '../src/run-files.ts';
import { readRecorder } from '../src/screen/recorder.ts';
import { Screen } from '../src/screen/screen.ts';

/** The agent is of the same user: it can put what it likes into its run's directory. */
test('no FIFO that an agent puts into the directory of its run is waited for', async () => {
  const runDir = await mkdtemp(join(tmpdir(), 'tmux-foreign-'));
  onTestFinished(() => rm(runDir, { recursive: true, force: true }));
  const { notes, recording, recorderPid } = tmuxRunFiles(runDir);
  for (const file of [notes, recording, recorderPid]) execFileSync('mkfifo', [file]);
  await expect(readTyped(runDir)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(appendNote(runDir, { kind: 'typing', instructionId: 'ins-1' })).rejects.toThrow(/ENXIO/);
  expect(await readRecorder(runDir)).toBeUndefined();
  const screen = new Screen({ runDir, record: { tmux: 'tmux', socket: join(runDir, 'none') } });
  expect(await screen.isBracketed()).toBe(false);
});
