import type { TaskEventOf, TaskEventType, TaskStreamEvent, TaskView } from '@runtime/contracts';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { describeApproval, shellWord } from '../../src/render/approval.ts';
import { createLineBuffer } from '../../src/render/line-buffer.ts';
import { createLiveView } from '../../src/render/live-view.ts';
import { summarizeEvent } from '../../src/render/summary.ts';
import { formatTable } from '../../src/render/table.ts';
import { formatTask } from '../../src/render/task.ts';
import { formatTaskList } from '../../src/render/task-list.ts';

const plain = pc.createColors(false);
const ESC = '\u001b';

/** An event as a reader gets it. */
function event<T extends TaskEventType>(body: TaskEventOf<T>): TaskStreamEvent {
  return { ...body, position: 1, stream: 'task/t1', revision: 1, time: 0, cursor: 'c1.x.1.1' };
}
const runId = 'r1';
const text = (messageId: string, piece: string) =>
  event<'text.delta'>({ type: 'text.delta', runId, messageId, text: piece });

function show(
  events: readonly TaskStreamEvent[],
  options: { live?: boolean; quiet?: boolean; verbose?: boolean } = {},
): string {
  const view = createLiveView({ colours: plain, live: false, quiet: false, verbose: false, ...options });
  return events.map((item) => view.show(item)).join('') + view.end();
}

describe('the live view', () => {
  const conversation = [
    text('m1', 'Looking'),
    text('m1', ' at it.'),
    event<'tool.started'>({ type: 'tool.started', runId, callId: 'c', name: 'bash', input: { command: 'ls' } }),
    event<'tool.ended'>({ type: 'tool.ended', runId, callId: 'c', ok: false, output: 'no such file' }),
    event<'message.completed'>({ type: 'message.completed', runId, messageId: 'm1', text: 'Looking at it.' }),
    text('m2', 'Done'),
  ];

  it('never puts a line into the middle of streamed text', () => {
    expect(show(conversation)).toBe('Looking at it.\n▸ bash ls\n  ✗ 0.0s · no such file\nDone\n');
  });

  it('writes the same on a terminal, piece by piece', () => {
    expect(show(conversation, { live: true })).toBe(show(conversation));
  });

  it('shows nothing but the agent’s words when it is to be quiet', () => {
    expect(show(conversation, { quiet: true })).toBe('Looking at it.\nDone\n');
  });

  it('shows a message whole when it came without increments, and not twice when it came with them', () => {
    const whole = event<'message.completed'>({
      type: 'message.completed',
      runId,
      messageId: 'm9',
      text: 'All at once.',
    });
    expect(show([whole])).toBe('All at once.\n');
    expect(show([text('m9', 'All at once.'), whole])).toBe('All at once.\n');
  });

  it('takes escape sequences out even where an increment cuts them in two', () => {
    expect(show([text('m', `a${ESC}]0;ev`), text('m', 'il\u0007b')])).toBe('ab\n');
  });

  it('does not let one message’s open sequence swallow the next message', () => {
    expect(show([text('m1', `a${ESC}]0;`), text('m2', 'visible')])).toBe('a\nvisible\n');
  });

  it('sanitises what lines hold', () => {
    const hostile = event<'tool.started'>({
      type: 'tool.started',
      runId,
      callId: 'c',
      name: `x${ESC}[2J\nfake line`,
      input: {},
    });
    expect(show([hostile])).toBe('▸ x fake line\n');
  });

  it('shows a degradation with the capabilities that are lost', () => {
    const degraded = event<'runtime.degraded'>({
      type: 'runtime.degraded',
      from: { runtime: 'pi', model: 'm' },
      to: { runtime: 'tmux' },
      lostCapabilities: ['steer', 'approvals'],
      policy: 'from-scratch',
      reason: 'pi is not installed',
    });
    expect(show([degraded])).toBe('! pi is not installed; starting over on tmux, without steer, approvals\n');
  });

  it('shows how to answer an approval, quoted for a shell', () => {
    const shown = describeApproval(
      {
        id: "it's",
        kind: 'tool',
        title: 'run?',
        message: 'rm -rf build',
        choices: [{ id: 'yes', label: 'Yes', kind: 'allow' }],
        input: true,
      },
      'runtime answer t1',
      plain,
    );
    expect(shown).toBe(`? run? (tool)\n  rm -rf build\n  runtime answer t1 'it'\\''s' yes | <text>`);
    expect(shellWord('a;b')).toBe("'a;b'");
  });

  it('hides reasoning and single steps unless asked for them', () => {
    const steps = [
      event<'reasoning.delta'>({ type: 'reasoning.delta', runId, messageId: 'm', text: 'hmm' }),
      event<'instruction.accepted'>({ type: 'instruction.accepted', runId, instructionId: 'i1' }),
    ];
    expect(show(steps)).toBe('');
    expect(show(steps, { verbose: true })).toBe('hmm\n» i1 accepted\n');
  });
});

describe('the line buffer', () => {
  it('writes whole lines only, unless it is live', () => {
    const buffer = createLineBuffer(false);
    expect([buffer.text('a'), buffer.text('b\nc'), buffer.end(), buffer.end()]).toEqual(['', 'ab\n', 'c\n', '']);
    const live = createLineBuffer(true);
    expect([live.text('a'), live.line('x'), live.text('y\n'), live.end()]).toEqual(['a', '\nx\n', 'y\n', '']);
  });

  it('does not keep a line that has no end', () => {
    const buffer = createLineBuffer(false);
    const long = 'x'.repeat(70_000);
    expect(buffer.text(long)).toBe(long);
    expect(buffer.line('next')).toBe('\nnext\n');
  });
});

describe('tables and tasks', () => {
  const view: TaskView = {
    id: 't1',
    status: 'failed',
    title: `evil${ESC}[31m\ntitle`,
    submittedAt: 0,
    updatedAt: 0,
    endedAt: 65_000,
    workspace: '/w',
    targets: [{ runtime: 'pi', model: 'm' }, { runtime: 'tmux' }],
    outcome: { status: 'failed', code: 'exit_code', message: 'exit 3' },
    runs: [
      {
        runId,
        runtime: 'pi',
        attempt: 1,
        generation: 1,
        mode: 'start',
        status: 'ended',
        runDir: '/r',
        outcome: { status: 'failed', code: 'exit_code' },
      },
    ],
    instructions: [{ id: 'i1', mode: 'prompt', level: 'observed' }],
    approvals: [],
    degradations: 0,
  };

  it('aligns columns by the cells of a terminal', () => {
    expect(
      formatTable([
        ['a', 'b'],
        ['你好', 'c'],
      ]),
    ).toEqual(['a     b', '你好  c']);
  });

  it('lists a task on one line whatever its title holds', () => {
    const lines = formatTaskList([view], 120_000, plain, 100);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe('t1    failed  pi       2m 00s  w          evil title');
  });

  it('shows a task with outcome, runs and instructions', () => {
    const shown = formatTask(view, { now: 0, colours: plain, columns: 80, program: 'runtime' }).join('\n');
    expect(shown).toContain('t1  failed  1m 05s');
    expect(shown).toContain('outcome    failed (exit_code): exit 3');
    expect(shown).toContain('runtimes   pi:m, tmux');
    expect(shown).toMatch(/1 +pi +start +ended +failed \(exit_code\)/);
  });

  it('summarises an event of a family it does not know', () => {
    const unknown = {
      type: 'schedule.fired',
      position: 3,
      stream: 'plane',
      revision: 2,
      time: 0,
      cursor: 'c',
      name: `n${ESC}[1m`,
      every: { minutes: 5 },
    };
    expect(summarizeEvent(unknown)).toBe(String.raw`name="n\u001b[1m" every={"minutes":5}`);
  });
});
