import { plainAgent } from '@runtime/conformance/scripted-agent';
import { maxEventTextChars } from '@runtime/contracts/adapter';
import { expect, test } from 'vitest';
import { readAll, run, textOf } from './support/stage.ts';

test('a flood on both outputs arrives whole, in events of bounded size', async () => {
  const bytes = 4_000_000;
  const { command } = plainAgent([{ flood: { bytes } }, { flood: { bytes, to: 'stderr' } }]);
  const { stdout, stderr, events } = await run({ command }, 'go');
  expect([stdout.length, stderr.length]).toEqual([bytes, bytes]);
  const longest = Math.max(...events.map((event) => (event.type === 'output.delta' ? event.text.length : 0)));
  expect(longest).toBeLessThanOrEqual(maxEventTextChars);
});

test('a line of a megabyte arrives whole', async () => {
  const { stdout } = await run({ command: plainAgent([{ longLine: { bytes: 1_000_000 } }]).command }, 'go');
  expect(stdout).toBe(`${'y'.repeat(1_000_000)}\n`);
});

test('a character that is cut off by the end is replaced and told once', async () => {
  const { command } = plainAgent([{ printBytes: Buffer.from('ok 😀').subarray(0, -1).toString('base64') }]);
  const { stdout, events } = await run({ command }, 'go');
  expect(stdout).toBe('ok \uFFFD');
  const told = events.filter((event) => event.type === 'output.quarantined');
  expect(told).toMatchObject([{ source: 'stdout', bytes: 1, sample: '\\xf0' }]);
});

test('bytes that are no text are told once for each output, with the first of them', async () => {
  const { stdout, events } = await run({ command: ['sh', '-c', "printf 'a\\377b\\376'; printf '\\200' >&2"] }, 'go');
  expect(stdout).toBe('a\uFFFDb\uFFFD');
  const told = events.filter((event) => event.type === 'output.quarantined');
  expect(told.map(({ source, sample }) => `${source} ${sample}`).toSorted()).toEqual(['stderr \\x80', 'stdout \\xff']);
});

test('a replacement character that was really written is nothing to tell of', async () => {
  const { events, stdout } = await run({ command: ['printf', '\uFFFD'] }, 'go');
  expect(stdout).toBe('\uFFFD');
  expect(events.some((event) => event.type === 'output.quarantined')).toBe(false);
});

test('what was left after a cursor is the same for every way of reading it', async () => {
  const steps = ['één ', '漢字 ', '😀 ', 'token=swordfish ', 'end'].flatMap((text) => [
    { print: text },
    { printErr: text },
  ]);
  const { session, batches } = await run({ command: plainAgent(steps).command }, 'go', { secrets: ['swordfish'] });
  for (const [index, { cursor }] of batches.entries()) {
    const rest = (await readAll(session, cursor)).flatMap((batch) => batch.events);
    const expected = batches.slice(index + 1).flatMap((batch) => batch.events);
    for (const source of ['stdout', 'stderr'] as const) expect(textOf(rest, source)).toBe(textOf(expected, source));
    expect(rest.filter((event) => event.type === 'turn.ended').length).toBe(index === batches.length - 1 ? 0 : 1);
  }
});

test.for(['nonsense', 'stdout=x', 'other=3', 'stdout=-1'])('the cursor %j is INVALID_ARGUMENT', async (cursor) => {
  const { session } = await run({ command: ['true'] }, 'go');
  await expect(readAll(session, cursor)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('a background process that keeps the outputs open does not keep the run open', async () => {
  const { stdout, exit } = await run({ command: ['sh', '-c', 'sleep 100000 & printf done'] }, 'go');
  expect(stdout).toBe('done');
  expect(exit).toEqual({ kind: 'exited', code: 0 });
});

test.each([
  ['SEGV', 'crashed'],
  ['ABRT', 'crashed'],
  ['KILL', 'killed'],
  ['USR1', 'killed'],
])('a command that ended by SIG%s was %s', async (signal, code) => {
  const { events } = await run({ command: ['sh', '-c', `kill -${signal} $$`] }, 'go');
  expect(events.at(-1)).toMatchObject({
    type: 'turn.ended',
    outcome: { status: 'failed', code, message: `SIG${signal}` },
  });
});

test.each(['yes | head -c 3000000; sleep 1000', 'yes | head -c 3000000 >&2; sleep 1000'])(
  'a flood ends the run at its limit: %s',
  async (flood) => {
    const maxOutputBytes = 200_000;
    const { stdout, stderr, events, exit } = await run({ command: ['sh', '-c', flood] }, 'go', { maxOutputBytes });
    expect(events.at(-1)).toMatchObject({ type: 'turn.ended', outcome: { status: 'failed', code: 'output_limit' } });
    expect(stdout.length + stderr.length).toBeGreaterThan(maxOutputBytes);
    expect(exit.kind).toBe('signaled');
  },
);
