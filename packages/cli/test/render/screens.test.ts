import type { TaskEventOf, TaskEventType, TaskStreamEvent, TaskView } from '@runtime/contracts';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { lineWidth } from '../../src/render/fit.ts';
import { createLiveView } from '../../src/render/live-view.ts';
import { createStatusLine } from '../../src/render/status-line.ts';
import { formatDate } from '../../src/render/summary.ts';
import { formatTask } from '../../src/render/task.ts';
import { formatTaskList } from '../../src/render/task-list.ts';

const plain = pc.createColors(false);
const runId = 'run-1';
const id = 'task-01m8c7rek0bmkf2rd0q6k3f9x2';

/** When the task was submitted: any time but 0. */
const began = 1_790_000_000_000;

/** An event of the task, so many ms after its submission. */
function at<T extends TaskEventType>(ms: number, body: TaskEventOf<T>): TaskStreamEvent {
  return { ...body, position: 1, stream: `task/${id}`, revision: 1, time: began + ms, cursor: 'c1.x.1.1' };
}

const pi = { runtime: 'pi', model: 'anthropic/opus' };
const submitted = at<'task.submitted'>(0, {
  type: 'task.submitted',
  spec: { prompt: [] } as never,
  instructionId: 'ins-1',
});
const begun = [
  submitted,
  at<'run.starting'>(10, {
    type: 'run.starting',
    runId,
    attempt: 1,
    generation: 1,
    mode: 'start',
    target: pi,
    handle: {} as never,
    instructionId: 'ins-1',
    carries: [],
  }),
  at<'run.started'>(900, {
    type: 'run.started',
    runId,
    version: '1',
    capabilities: { events: 'structured' } as never,
  }),
  at<'turn.started'>(1000, { type: 'turn.started', runId, turnId: '1' }),
];
const toolStarted = at<'tool.started'>(5000, {
  type: 'tool.started',
  runId,
  callId: 'c1',
  name: 'bash',
  input: { command: 'npm test -- --reporter=dot packages/cli/test/render', timeout: 3 },
});
const toolEnded = at<'tool.ended'>(7400, {
  type: 'tool.ended',
  runId,
  callId: 'c1',
  ok: true,
  output: '12 tests passed in 2.1 seconds of real time\nsecond\nthird\n',
});
const failed = at<'run.ended'>(8000, {
  type: 'run.ended',
  runId,
  outcome: { status: 'failed', code: 'crashed', message: 'pi ended by itself with code 7' },
  exit: { kind: 'exited', code: 7 } as never,
});

function view(columns: number | undefined, options: { live?: boolean; verbose?: boolean } = {}) {
  return createLiveView({ colours: plain, live: true, quiet: false, verbose: false, columns, ...options });
}

function screen(columns: number | undefined, events: readonly TaskStreamEvent[]): string[] {
  const live = view(columns);
  const lines = (events.map((event) => live.show(event)).join('') + live.end()).split('\n').slice(0, -1);
  if (columns !== undefined) expect(lines.filter((line) => lineWidth(line) > columns)).toEqual([]);
  return lines;
}

describe('the live view on a screen', () => {
  const work = [
    ...begun,
    toolStarted,
    toolEnded,
    failed,
    at<'attempt.scheduled'>(8001, {
      type: 'attempt.scheduled',
      notBefore: began + 12_500,
      attempt: 2,
      mode: 'restart',
      target: pi,
      reason: 'the run crashed',
    }),
  ];

  it('fits 80 columns: the id first, a tool and its result in a line each, one line for a failure', () => {
    expect(screen(80, work)).toEqual([
      '· task k3f9x2',
      '· run 1 on pi (anthropic/opus) (start)',
      '▸ bash npm test -- --reporter=dot packages/cli/test/render',
      '  ✓ 2.4s · 12 tests passed in 2.1 seconds of real time (+2 lines)',
      '! pi (anthropic/opus) failed (crashed): pi ended by itself with code 7; starting',
      '  over on pi (anthropic/opus) in 4s (attempt 2)',
    ]);
  });

  it('fits 40 columns', () => {
    expect(screen(40, work)).toEqual([
      '· task k3f9x2',
      '· run 1 on pi (anthropic/opus) (start)',
      '▸ bash npm test -- --reporter=dot packa…',
      '  ✓ 2.4s · 12 tests passed in 2.1 secon…',
      '! pi (anthropic/opus) failed (crashed):',
      '  pi ended by itself with code 7;',
      '  starting over on pi (anthropic/opus)',
      '  in 4s (attempt 2)',
    ]);
  });

  it('cuts wide characters by cells, and never in two', () => {
    const wide = at<'tool.started'>(1, {
      type: 'tool.started',
      runId,
      callId: 'w',
      name: 'say',
      input: '你好'.repeat(30),
    });
    const [line = ''] = screen(40, [wide]);
    expect(line).toBe(`▸ say ${'你好'.repeat(8)}…`);
    expect(lineWidth(line)).toBe(39);
  });

  it('names a tool again where another call stands in between', () => {
    const second = at<'tool.started'>(5500, {
      type: 'tool.started',
      runId,
      callId: 'c2',
      name: 'read',
      input: { path: 'a.ts' },
    });
    expect(screen(80, [toolStarted, second, toolEnded]).at(-1)).toContain('✓ bash · 2.4s · 12 tests');
  });

  it('leaves the last failure to the last line, which says the same', () => {
    const ended = at<'task.ended'>(8002, {
      type: 'task.ended',
      outcome: { status: 'failed', code: 'crashed', message: 'pi ended by itself with code 7' },
    });
    const declined = at<'instruction.declined'>(8001, {
      type: 'instruction.declined',
      instructionId: 'ins-1',
      reason: 'the task ended',
    });
    expect(screen(80, [...begun, failed, declined, ended])).toHaveLength(2);
    const other = at<'task.ended'>(8002, {
      type: 'task.ended',
      outcome: { status: 'timed_out', code: 'timeout', message: 'too late' },
    });
    expect(screen(80, [...begun, failed, other]).at(-1)).toContain('failed (crashed)');
  });

  describe('of what the backend does by itself', () => {
    const retry = (ms: number, attempt: number, delayMs: number, reason = '429: slow down, says the provider') =>
      at<'retry.scheduled'>(ms, { type: 'retry.scheduled', runId, attempt, delayMs, reason });
    const retried = at<'retry.ended'>(3000, { type: 'retry.ended', runId, attempt: 2, ok: true });
    const given = at<'retry.ended'>(3000, { type: 'retry.ended', runId, attempt: 2, ok: false, reason: '503' });
    const model = (body: Partial<TaskEventOf<'model.selected'>>) =>
      at<'model.selected'>(1000, { type: 'model.selected', runId, provider: 'anthropic', model: 'opus', ...body });
    const compacting = at<'compaction.started'>(2000, { type: 'compaction.started', runId, reason: 'overflow' });
    const compacted = (body: Partial<TaskEventOf<'context.compacted'>> = {}) =>
      at<'context.compacted'>(5000, { type: 'context.compacted', runId, reason: 'overflow', ...body });
    const failedToCompact = at<'compaction.failed'>(5000, {
      type: 'compaction.failed',
      runId,
      reason: 'Context overflow recovery failed: there is no model',
    });
    const after = (columns: number, ...events: TaskStreamEvent[]): string[] =>
      screen(columns, [...begun, ...events]).slice(2);

    it('tells the retries of one call in one line, and again where the reason is another', () => {
      const line = '! the runtime tries again in 2s: 429: slow down, says the provider';
      expect(after(80, retry(1000, 1, 2000), retry(2000, 2, 4000), retried)).toEqual([line]);
      expect(after(40, retry(1000, 1, 2000), retry(2000, 2, 4000), retried)).toEqual([
        '! the runtime tries again in 2s: 429:',
        '  slow down, says the provider',
      ]);
      const other = [retry(1000, 1, 2000), retry(2000, 2, 4000, '503'), retried, retry(4000, 1, 2000)];
      expect(after(80, ...other)).toEqual([line, '! the runtime tries again in 4s: 503', line]);
    });

    it('tells each retry and how it ended where everything is asked for', () => {
      const live = view(80, { verbose: true });
      const shown = [retry(1000, 1, 2000, '429'), retry(2000, 2, 4000, '429'), given, retried].map((event) =>
        live.show(event),
      );
      expect(shown).toEqual([
        '! the runtime tries again in 2s: 429\n',
        '! the runtime tries again in 4s: 429\n',
        '! the runtime gave up after retry 2: 503\n',
        '· retry 2 worked\n',
      ]);
    });

    it('names a model that is not the one asked for, and each change of it', () => {
      expect(after(80, model({}), model({ thinking: 'high' }), model({ model: 'haiku' }))).toEqual([
        '· model anthropic/opus, thinking high',
        '· model anthropic/haiku',
      ]);
      const fallback = model({ provider: 'openrouter', model: 'auto', answeredBy: 'mistral/\u001b[2Jsmall' });
      expect(after(40, fallback)).toEqual(['· model openrouter/auto, answered by', '  mistral/small']);
      const { model: _asked, ...free } = pi;
      const [first, starting, ...rest] = begun;
      const unasked = { ...starting, target: free } as TaskStreamEvent;
      expect(screen(80, [first ?? submitted, unasked, ...rest, model({})]).at(-1)).toBe('· model anthropic/opus');
    });

    it('tells that the context was compacted, with the tokens before and after, or why it was not', () => {
      const whole = [compacting, compacted({ tokensBefore: 128_400, tokensAfter: 21_000 })];
      expect(after(80, ...whole)).toEqual(['· the agent compacted its context from 128.4k to 21.0k tokens']);
      expect(after(40, ...whole)).toEqual(['· the agent compacted its context from', '  128.4k to 21.0k tokens']);
      expect(after(80, compacted({ tokensBefore: 900 }))).toEqual(['· the agent compacted its context of 900 tokens']);
      expect(after(80, compacted())).toEqual(['· the agent compacted its context']);
      expect(after(40, compacting, failedToCompact)).toEqual([
        '! the context was not compacted: Context',
        '  overflow recovery failed: there is no',
        '  model',
      ]);
    });

    it('says in the line below the last one that it compacts, or when it tries again', () => {
      const live = view(80);
      for (const event of begun) live.show(event);
      const said = (event: TaskStreamEvent, now: number): string | undefined => {
        live.show(event);
        return live.activity(began + now);
      };
      expect(said(compacting, 4000)).toBe('4s · pi (anthropic/opus) compacts its context 2s');
      expect(said(compacted(), 5000)).toBe('5s · pi (anthropic/opus) thinks 4s');
      expect(said(retry(6000, 1, 4000), 7000)).toBe('7s · pi (anthropic/opus) tries again in 3s');
      expect(live.activity(began + 10_000)).toBe('10s · pi (anthropic/opus) thinks 9s');
      expect(said(retry(11_000, 2, 8000), 12_000)).toBe('12s · pi (anthropic/opus) tries again in 7s');
      expect(said(given, 12_000)).toBe('12s · pi (anthropic/opus) thinks 11s');
      live.show(compacting);
      live.show(retry(12_500, 1, 8000));
      live.show(at<'turn.ended'>(13_000, { type: 'turn.ended', runId, turnId: '1', outcome: { status: 'succeeded' } }));
      live.show(at<'turn.started'>(14_000, { type: 'turn.started', runId, turnId: '2' }));
      expect(live.activity(began + 14_000)).toBe('14s · pi (anthropic/opus) thinks 0s');
    });
  });

  it('dims reasoning on a terminal with colours, and leaves it out elsewhere unless asked', () => {
    const reasoning = at<'reasoning.delta'>(1, { type: 'reasoning.delta', runId, messageId: 'r', text: 'hmm' });
    const colours = pc.createColors(true);
    const coloured = createLiveView({ colours, live: true, quiet: false, verbose: false, columns: 80 });
    expect(coloured.show(reasoning)).toBe(colours.dim('hmm'));
    expect(view(80).show(reasoning)).toBe('');
    expect(view(80, { verbose: true }).show(reasoning)).toBe('hmm');
  });
});

describe('the line below the last one', () => {
  it('says what happens, and since when', () => {
    const live = view(80);
    const said: (string | undefined)[] = [];
    const step = (event: TaskStreamEvent | undefined, now: number): void => {
      if (event) live.show(event);
      said.push(live.activity(began + now));
    };
    const [, starting, started, turn] = begun;
    step(submitted, 400);
    step(starting, 800);
    step(started, 950);
    step(turn, 4000);
    step(toolStarted, 65_000);
    step(toolEnded, 66_000);
    step(
      at<'approval.requested'>(67_000, {
        type: 'approval.requested',
        approvalId: 'a',
        kind: 'tool',
        title: 'May I?',
        choices: [],
      }),
      70_000,
    );
    expect(said).toEqual([
      '0s · queued 0s',
      '0s · starting pi (anthropic/opus) 0s',
      '0s · starting pi (anthropic/opus) 0s',
      '4s · pi (anthropic/opus) thinks 3s',
      '1m 05s · bash 1m 00s',
      '1m 06s · pi (anthropic/opus) thinks 1m 05s',
      '1m 10s · waits for your answer',
    ]);
  });

  it('is not there in the middle of a line, nor when the agent rests or the task has ended', () => {
    const live = view(80);
    for (const event of begun) live.show(event);
    live.show(at<'text.delta'>(2000, { type: 'text.delta', runId, messageId: 'm', text: 'half a' }));
    expect(live.activity(began + 3000)).toBeUndefined();
    live.show(at<'message.completed'>(2100, { type: 'message.completed', runId, messageId: 'm', text: 'half a' }));
    expect(live.activity(began + 3000)).toBeDefined();
    live.show(at<'turn.ended'>(2200, { type: 'turn.ended', runId, turnId: '1', outcome: { status: 'succeeded' } }));
    expect(live.activity(began + 3000)).toBeUndefined();
  });

  it('is drawn within the width, and taken away before anything else', () => {
    const line = createStatusLine({ redraws: true, columns: 12, colours: plain });
    expect(line.erase()).toBe('');
    const first = line.draw('4s · pi thinks 3s');
    expect(first).toBe('⠙ 4s · pi…');
    expect(lineWidth(first)).toBeLessThan(12);
    expect(line.draw('5s')).toBe('\r\u001b[K⠹ 5s');
    expect([line.erase(), line.erase()]).toEqual(['\r\u001b[K', '']);
  });

  it('is never drawn where lines cannot be drawn again', () => {
    const line = createStatusLine({ redraws: false, columns: 80, colours: plain });
    expect([line.draw('4s'), line.erase()]).toEqual(['', '']);
  });
});

describe('tasks on a screen', () => {
  const base: TaskView = {
    id,
    status: 'running',
    title: 'Fix the flaky authentication test',
    submittedAt: 0,
    updatedAt: 0,
    workspace: '/home/ada/shop',
    targets: [{ runtime: 'pi', model: 'opus' }, { runtime: 'claude' }],
    labels: { team: 'web' },
    lastMessage: 'I am looking at the test now.',
    runs: [
      {
        runId,
        runtime: 'pi',
        model: 'opus',
        attempt: 1,
        generation: 1,
        mode: 'start',
        status: 'active',
        startedAt: 2000,
        usage: { scope: 'cumulative', inputTokens: 12_300, outputTokens: 640, costUsd: 0.125 },
        runDir: '/state/runs/run-1',
      },
    ],
    instructions: [
      {
        id: 'ins-01m8c7rek0bmkf2rd0q6aaaaaa',
        mode: 'prompt',
        level: 'observed',
        text: 'Fix the flaky authentication test',
      },
      { id: 'ins-01m8c7rek0bmkf2rd0q6bbbbbb', mode: 'steer', level: 'delivered', text: 'leave the public API alone' },
    ],
    approvals: [],
    degradations: 0,
  };
  const queued: TaskView = {
    ...base,
    id: 'task-01m8c7rek0bmkf2rd0q6m4pq7z',
    status: 'queued',
    runs: [],
    title: '新しい試験',
    waitingFor: { kind: 'workspace', taskId: id, text: `Task ${id} works in /home/ada/shop`, until: 70_000 },
  };
  const style = { now: 65_000, colours: plain, program: 'runtime' };
  const shown = (columns: number): string[] =>
    formatTask(base, { ...style, columns }).map((line) =>
      line.replaceAll(/\d{4}-\d\d-\d\d( +)\d\d:\d\d:\d\d/g, '<time>'),
    );

  it('are listed in 80 columns, with the runtimes asked for and what one waits for', () => {
    expect(formatTaskList([base, queued], 65_000, plain, 80)).toEqual([
      'TASK    STATUS   RUNTIME         AGE     WORKSPACE  TITLE',
      'k3f9x2  running  pi              1m 05s  shop       Fix the flaky authenticatio…',
      'm4pq7z  queued   pi:opus,claude  1m 05s  shop       新しい試験  team=web',
      '  waits: task k3f9x2 works in /home/ada/shop (in 5s)',
    ]);
  });

  it('are listed in 40 columns, titles below', () => {
    const lines = formatTaskList([base, queued], 65_000, plain, 40);
    expect(lines).toEqual([
      'TASK    STATUS   RUNTIME     AGE',
      'k3f9x2  running  pi          1m 05s',
      '  shop · Fix the flaky authentication t…',
      'm4pq7z  queued   pi:opus,c…  1m 05s',
      '  shop · 新しい試験  team=web',
      '  waits: task k3f9x2 works in',
      '    /home/ada/shop (in 5s)',
    ]);
  });

  /** The lines below the only task of a list, which say what it waits for. */
  const waits = (waitingFor: NonNullable<TaskView['waitingFor']>, columns: number, more: TaskView[] = []): string[] => {
    const lines = formatTaskList([{ ...queued, waitingFor }, ...more], 65_000, plain, columns);
    expect(lines.filter((line) => lineWidth(line) > columns)).toEqual([]);
    const begin = lines.findIndex((line) => line.startsWith('  waits: '));
    const end = lines.findIndex((line, index) => index > begin && !line.startsWith('    '));
    return lines.slice(begin, end < 0 ? lines.length : end);
  };
  const other = (end: string): string => `task-01m8c7rek0bmkf2rd0q6${end}`;

  it('say whole what they wait for, in 80 columns and in 40', () => {
    const text = `All 3 places are taken, by ${id}, ${other('aaaaa1')}, ${other('aaaaa2')}`;
    const waitingFor = { kind: 'concurrency', taskId: id, text } as const;
    expect(waits(waitingFor, 80)).toEqual(['  waits: all 3 places are taken, by k3f9x2, aaaaa1, aaaaa2']);
    expect(waits(waitingFor, 40)).toEqual(['  waits: all 3 places are taken, by', '    k3f9x2, aaaaa1, aaaaa2']);
  });

  it('shorten a long name in its middle, and keep the task that holds what they wait for', () => {
    const workspace = `/home/ada/${'deep/'.repeat(20)}shop`;
    const waitingFor = { kind: 'workspace', taskId: id, text: `Task ${id} works in ${workspace}` } as const;
    expect(waits(waitingFor, 80)).toEqual([
      '  waits: task k3f9x2 works in',
      '    /home/ada/deep/deep/deep/deep/deep/dee…ep/deep/deep/deep/deep/deep/deep/shop',
    ]);
    expect(waits(waitingFor, 40)).toEqual([
      '  waits: task k3f9x2 works in',
      '    /home/ada/deep/dee…ep/deep/deep/shop',
    ]);
  });

  it('name the task that holds it also where the reason is too long to name it', () => {
    const text = `${'The conversation is read by somebody else. '.repeat(20)}It is ${id}`;
    const lines = waits({ kind: 'scheduler', taskId: id, text }, 40);
    expect(lines.at(-1)).toMatch(/ {4}.*\(task k3f9x2\)$/);
    expect(lines.length).toBeLessThan(10);
  });

  it('name a task by the same characters as its own line does', () => {
    const alike = { ...base, id: other('zz').replace('0q6zz', '0a9k3f9x2') };
    const waitingFor = { kind: 'workspace', taskId: id, text: `Task ${id} works in /w` } as const;
    expect(waits(waitingFor, 80, [base, alike])).toEqual(['  waits: task 6k3f9x2 works in /w']);
  });

  it('are shown with texts and levels, last message, times, usage and directories', () => {
    expect(shown(80)).toEqual([
      'k3f9x2  running  1m 05s',
      `id         ${id}`,
      'title      Fix the flaky authentication test',
      'last said  I am looking at the test now.',
      'times      submitted <time>, first run after 2s',
      'runtimes   pi:opus, claude',
      'usage      12.3k tokens in, 640 out, $0.13',
      'labels     team=web',
      'workspace  /home/ada/shop',
      'files      /state/runs/run-1',
      '',
      'RUN  ON       MODE   STATUS  TIME    OUTCOME',
      '1    pi:opus  start  active  1m 03s',
      '',
      'SAID    AS      LEVEL      TEXT',
      'aaaaaa  prompt  observed   Fix the flaky authentication test',
      'bbbbbb  steer   delivered  leave the public API alone',
    ]);
  });

  it('are shown with the model in use and what their runtime waits for', () => {
    const pausing: TaskView = {
      ...base,
      model: { model: 'opus-4', provider: 'anthropic', thinking: 'high', answeredBy: 'opus-4-fallback' },
      waitingFor: { kind: 'retry', until: 69_000, text: 'pi repeats a call that failed (attempt 2): 429: slow down' },
    };
    const of = (view: TaskView, columns: number): string[] =>
      formatTask(view, { ...style, columns })
        .join('\n')
        .split(/\n(?! )/)
        .filter((line) => /^(model|waiting) /.test(line));
    expect(of(pausing, 80)).toEqual([
      'waiting    pi repeats a call that failed (attempt 2): 429: slow down (in 4s)',
      'model      anthropic/opus-4, thinking high, answered by opus-4-fallback',
    ]);
    expect(of(pausing, 40)).toEqual([
      'waiting    pi repeats a call that failed\n           (attempt 2): 429: slow down\n           (in 4s)',
      'model      anthropic/opus-4, thinking\n           high, answered by\n           opus-4-fallback',
    ]);
    const compacting: TaskView = {
      ...base,
      model: { model: 'opus-4', thinking: 'off' },
      waitingFor: { kind: 'compaction', text: 'pi compacts its context: overflow' },
    };
    expect(of(compacting, 80)).toEqual(['waiting    pi compacts its context: overflow', 'model      opus-4']);
    expect(formatTaskList([pausing], 65_000, plain, 80).at(-1)).toBe(
      '  waits: pi repeats a call that failed (attempt 2): 429: slow down (in 4s)',
    );
  });

  it('are shown with who asked for their end, when and why, also after it', () => {
    const asked: TaskView = {
      ...base,
      close: { by: 'ada', at: 0, why: 'it is enough' },
      cancel: { by: 'cli\u001b[2J', at: 0 },
    };
    const of = (view: TaskView): string[] =>
      formatTask(view, { ...style, columns: 80 }).filter((line) => /^(cancel|close) /.test(line));
    const date = formatDate(0);
    const lines = [`close      asked for by ada, ${date}: it is enough`, `cancel     asked for by cli, ${date}`];
    expect(of(asked)).toEqual(lines);
    expect(of({ ...asked, status: 'cancelled', outcome: { status: 'cancelled' }, endedAt: 5 })).toEqual(lines);
    expect(of(base)).toEqual([]);
  });

  it('are shown in 40 columns', () => {
    expect(shown(40).filter((line) => lineWidth(line) > 40)).toEqual([`id         ${id}`]);
    expect(shown(40).slice(-7)).toEqual([
      '1    pi:opus  start  active  1m 03s',
      '',
      'SAID    AS      LEVEL',
      'aaaaaa  prompt  observed',
      '  Fix the flaky authentication test',
      'bbbbbb  steer   delivered',
      '  leave the public API alone',
    ]);
  });
});
