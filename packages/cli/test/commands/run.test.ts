import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { taskViewSchema, type TaskView } from '@runtime/contracts';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { describe, expect, it } from 'vitest';
import { Lab, Sink } from '../support/lab.ts';

/** A promise to be kept by the test. */
function deferred(): { readonly promise: Promise<void>; resolve(value: undefined): void } {
  let resolve: (value: undefined) => void = () => {};
  const promise = new Promise<void>((kept) => (resolve = kept));
  return { promise, resolve: (value) => resolve(value) };
}

const view = (document: unknown): TaskView => taskViewSchema.parse(document);

describe('runtime run', () => {
  it('shows what the agent says, ends with the outcome, and exits with 0', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: ['Hel', 'lo\n'] }]);
    const result = await lab.run('run', 'greet me');
    expect(result.stderr).toBe('');
    expect(result.stdout).toMatch(
      /^· task \w{6}\n· run 1 on memory \(start\)\nHello\nsucceeded after \d+\w+ {2}\w{6}\n$/,
    );
    expect(result.code).toBe(0);
  });

  it('exits with 1 and shows the reason when the agent fails', async () => {
    await using lab = await Lab.open(() => [
      { do: 'end', outcome: { status: 'failed', code: 'refusal', message: 'I would rather \u001b[31mnot' } },
    ]);
    const result = await lab.run('run', 'do it', '--retries', '0');
    expect(result.stdout).toContain('failed (refusal): I would rather not');
    expect(result.code).toBe(1);
  });

  it('writes the log’s own events as NDJSON with --json, raw', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: '\u001b[31mred' }]);
    const result = await lab.run('run', 'x', '--json');
    const events = result.records() as { type: string; position: number; cursor: string; text?: string }[];
    expect(events[0]).toMatchObject({ type: 'task.submitted', stream: expect.stringMatching(/^task\//) });
    expect(events.at(-1)).toMatchObject({ type: 'task.ended', outcome: { status: 'succeeded' } });
    expect(events.find((event) => event.type === 'message.completed')?.text).toBe('\u001b[31mred');
    expect(events.every((event) => typeof event.cursor === 'string')).toBe(true);
  });

  it('shows only what the agent says with --quiet', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: 'answer' }]);
    expect((await lab.run('run', '-q', 'x')).stdout).toBe('answer\n');
  });

  it('reads the prompt from standard input and from a file', async () => {
    await using lab = await Lab.open(({ text }) => [{ do: 'say', text: `got ${text}` }]);
    const stdin = (async function* () {
      yield Buffer.from('a ü').subarray(0, 3);
      yield Buffer.from('a ü').subarray(3);
    })();
    expect((await lab.start(['run', '-q', '-'], { stdin }).ended).stdout).toBe('got a ü\n');
    await writeFile(join(lab.workspace, 'prompt.md'), 'from a file');
    expect((await lab.run('run', '-q', '--prompt-file', 'prompt.md')).stdout).toBe('got from a file\n');
  });

  it('starts one owner, and the next command uses it', async () => {
    await using lab = await Lab.open();
    await lab.run('run', 'one');
    await lab.run('run', 'two');
    expect(lab.started).toBe(1);
  });

  it('owns the directory itself with --foreground, and releases it at the end', async () => {
    await using lab = await Lab.open();
    expect((await lab.run('run', '--foreground', 'x')).code).toBe(0);
    expect(lab.started).toBe(0);
    expect(await lab.run('list', '--json')).toMatchObject({ code: 0 });
  });

  it('goes on through the death of its owner, without losing or repeating an event', async () => {
    const gate = deferred();
    await using lab = await Lab.open(() => [
      { do: 'say', text: 'before' },
      { do: 'gate', until: gate.promise },
      { do: 'say', text: 'after' },
    ]);
    const running = lab.start(['run', 'x', '--json']);
    await running.stdout.holds('"before"');
    await lab.closeOwners();
    gate.resolve(undefined);
    const result = await running.ended;
    expect(result.code).toBe(0);
    expect(lab.started).toBe(2);
    const positions = (result.records() as { position: number }[]).map((event) => event.position);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    expect(result.stdout).toContain('run.reattached');
  });

  it('detaches at the first Ctrl-C and shows how to watch again; the task goes on', async () => {
    const gate = deferred();
    await using lab = await Lab.open(() => [
      { do: 'say', text: 'working' },
      { do: 'gate', until: gate.promise },
    ]);
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('working');
    running.signal('SIGINT');
    const result = await running.ended;
    expect(result.code).toBe(130);
    const [, id = ''] = /runtime watch (\S+)/.exec(result.stderr) ?? [];
    expect(view((await lab.run('status', id, '--json')).json()).status).toBe('running');
    gate.resolve(undefined);
    expect((await lab.run('events', '-f', id)).stdout).toContain('task.ended');
  });

  it('prints a note while its task waits behind another one', async () => {
    const gate = deferred();
    await using lab = await Lab.open(() => [
      { do: 'say', text: 'mine' },
      { do: 'gate', until: gate.promise },
    ]);
    const first = lab.start(['run', 'x']);
    await first.stdout.holds('mine');
    const second = lab.start(['run', 'y'], { queuedNoteMs: 10 });
    await second.stderr.holds(`works in ${lab.workspace}`);
    // On a busy machine another reason comes first: the runtime is still being asked.
    expect(second.stderr.text.trimEnd().split('\n').at(-1)).toMatch(/^queued: task \w{6} works in /);
    expect(second.stdout.text).toMatch(/^· task \w{6}\n$/);
    gate.resolve(undefined);
    expect((await first.ended).stderr).toBe('');
    expect((await second.ended).stdout).toContain('mine');
  });

  it('cancels at the second Ctrl-C', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: 'working' }, { do: 'hang' }]);
    const running = lab.start(['run', 'x'], { detachWindowMs: 10_000 });
    await running.stdout.holds('working');
    running.signal('SIGINT');
    await running.stderr.holds('Ctrl-C again now');
    running.signal('SIGINT');
    expect((await running.ended).code).toBe(130);
    const result = await lab.run('events', '-f', 'last', '--type', 'task.ended', '--json');
    expect(result.records()).toMatchObject([{ outcome: { status: 'cancelled' } }]);
  });

  it.each([['run', 'x'], ['log'], ['events', 'last']])(
    '%s ends at Ctrl-C although its reader has stopped reading',
    async (...args) => {
      await using lab = await Lab.open(() => [{ do: 'say', text: 'words' }]);
      await lab.run('run', 'x');
      const stdout = new Sink();
      const full = Promise.withResolvers<void>();
      stdout.write = () => {
        full.resolve();
        return false;
      };
      const command = lab.start(args, { stdout });
      await full.promise;
      command.signal('SIGINT');
      command.signal('SIGINT');
      expect((await command.ended).code).toBe(130);
    },
  );

  it('ends quietly when the reader closes stdout', async () => {
    const closed = new AbortController();
    class Closing extends Sink {
      override write(text: string): boolean {
        if (text.includes('piece 3')) closed.abort();
        return super.write(text);
      }
    }
    await using lab = await Lab.open(() => [
      ...Array.from({ length: 10 }, (_, index) => ({ do: 'say' as const, text: `piece ${index}\n` })),
      { do: 'hang' },
    ]);
    const result = await lab.start(['run', 'x'], { stdout: new Closing(), brokenPipe: closed.signal }).ended;
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).not.toContain('piece 5');
  });
});

describe('a runtime that cannot be used', () => {
  it('is shown once, with the runtime that replaces it', async () => {
    await using lab = await Lab.open();
    lab.use(
      memoryRuntime({ id: 'gone', unavailable: { code: 'UNAVAILABLE', reason: 'not installed' } }),
      memoryRuntime({ id: 'here', script: () => [{ do: 'say', text: 'done' }] }),
    );
    const result = await lab.run('run', 'x', '--on', 'gone,here');
    expect(result.stdout).toMatch(
      /^· task \w{6}\n! gone cannot be used \(UNAVAILABLE\): not installed; starting over on here[^\n]*\n· run 1 on here \(degrade\)\ndone\nsucceeded/,
    );
    expect(result.code).toBe(0);
  });
});
