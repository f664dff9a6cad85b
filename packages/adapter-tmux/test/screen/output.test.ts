import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readExitRecord } from '@runtime/adapter-kit/run';
import { expect, test } from 'vitest';
import { readRecorder } from '../../src/screen/recorder.ts';
import { Stage, eventually, readAll, shown } from '../support/stage.ts';

test('3000 lines are complete and in order', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash('for ((i = 1; i <= 3000; i++)); do echo "line $i"; done');
  const lines = Array.from({ length: 3000 }, (_, index) => `line ${index + 1}\n`);
  expect(shown(await readAll(session))).toBe(lines.join(''));
});

test('what nobody reads is recorded whole, and slows nobody', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('yes 0123456789abcdef0123456789abcde | head -c 8000000; echo; echo end');
  await eventually('it has ended', async () => (await readExitRecord(handle.runDir)) !== undefined);
  const text = shown(await readAll(session));
  expect(text.length).toBe(8_000_000 + '\nend\n'.length);
  expect(text.endsWith('abcde\n\nend\n')).toBe(true);
});

test('a character that comes in two halves is one character', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash(
    String.raw`printf 'a\xe2\x80'; sleep 0.3; printf '\xa8b\xf0\x9f'; sleep 0.3; printf '\x98\x80c'`,
  );
  expect(shown(await readAll(session))).toBe('a\u2028b😀c');
});

test('colours, titles and cursor tricks are not text', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash(
    String.raw`printf '\e]0;title\a\e[1;31mred\e[0m\n10%%\r20%%\r\e[Kdone\n\e[?1049h\e[2;5Hthere\e[?1049l'`,
  );
  expect(shown(await readAll(session))).toBe('red\n10%\n20%\ndone\nthere');
});

test('an escape sequence that the agent leaves open swallows neither the end nor its sight', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash(String.raw`printf 'seen\e]0;never closed'; exit 3`);
  const events = await readAll(session);
  expect(shown(events)).toBe('seen');
  expect(events.map((event) => event.type)).not.toContain('output.gap');
  expect(await session.stop()).toEqual({ kind: 'exited', code: 3 });
});

test('an agent that imitates the end mark without its nonce ends nothing', async () => {
  await using stage = await Stage.open();
  const { session } = await stage.bash(
    String.raw`printf '\030\e]7770;00000000000000000000000000000000\a'; sleep 0.2; echo still here`,
  );
  expect(shown(await readAll(session))).toBe('still here\n');
});

test('a recorder that dies is replaced, and the gap is told, on a replay as well', async () => {
  await using stage = await Stage.open();
  const { session, handle, launch } = await stage.bash('echo before; until [ -e go ]; do sleep 0.05; done; echo after');
  const reading = readAll(session);
  await eventually('it is recorded', async () =>
    (await readFile(join(handle.runDir, 'out.raw'), 'utf8')).includes('before'),
  );
  const recorder = await readRecorder(handle.runDir);
  process.kill(recorder?.pid ?? 0, 'SIGKILL');
  await eventually('there is a new one', async () => {
    const now = await readRecorder(handle.runDir);
    return now !== undefined && now.pid !== recorder?.pid;
  });
  await eventually('the gap is noted', async () =>
    (await readFile(join(handle.runDir, 'notes.jsonl'), 'utf8')).includes('output.gap'),
  );
  await delay(50);
  await writeFile(join(launch.workspace, 'go'), '');
  const events = await reading;
  expect(shown(events)).toBe('before\nafter\n');
  expect(events.filter((event) => event.type === 'output.gap')).toHaveLength(1);
  const again = await readAll(session);
  expect(shown(again)).toBe(shown(events));
  expect(again.filter((event) => event.type === 'output.gap')).toHaveLength(1);
});

test('a flood ends the run at its limit, and the recording stays within it though the agent goes on', async () => {
  await using stage = await Stage.open();
  const maxOutputBytes = 200_000;
  const launch = { ...(await stage.launch('go')), maxOutputBytes };
  const session = await stage.start({ command: ['bash', '-c', 'yes', '{prompt}'] }, launch);
  const recording = join(launch.handle.runDir, 'out.raw');
  const events = await readAll(session);
  expect(events.at(-1)).toMatchObject({ type: 'turn.ended', outcome: { status: 'failed', code: 'output_limit' } });
  await session.stop();
  expect((await stat(recording)).size).toBeGreaterThan(maxOutputBytes);
  expect((await stat(recording)).size).toBeLessThanOrEqual(maxOutputBytes + 512);
});
