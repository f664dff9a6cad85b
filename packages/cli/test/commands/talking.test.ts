import { memoryRuntime, type MemoryScript } from '@runtime/conformance/memory-runtime';
import { taskViewSchema, type TaskView } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { Lab, Sink } from '../support/lab.ts';

const view = (document: unknown): TaskView => taskViewSchema.parse(document);

describe('talking to a task', () => {
  it('steers it, and waits for the proof', async () => {
    await using lab = await Lab.open(() => [
      { do: 'say', text: 'ready' },
      { do: 'listen' },
      { do: 'say', text: 'heard' },
    ]);
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('ready');
    const steered = await lab.run('steer', 'last', 'use the other file', '--wait', 'observed', '--json');
    expect(steered.json()).toMatchObject({ level: 'observed' });
    expect((await running.ended).stdout).toContain('» steer: use the other file');
  });

  it.each(['unknown', 'accepted'] as const)(
    'sends nothing when it is to wait for more than the runtime can prove: %s',
    async (steer) => {
      await using lab = await Lab.open();
      const script: MemoryScript = () => [{ do: 'say', text: 'ready' }, { do: 'hang' }];
      lab.use(memoryRuntime({ script, capabilities: { steer } }));
      const running = lab.start(['run', 'x']);
      await running.stdout.holds('ready');
      const refused = await lab.run('steer', 'last', 'too bold', '--wait', 'delivered');
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('[UNSUPPORTED]') });
      expect(refused.stderr).toContain('nothing was sent');
      const { instructions } = view((await lab.run('status', 'last', '--json')).json());
      expect(instructions.map(({ mode }) => mode)).toEqual(['prompt']);
      await lab.run('cancel', 'last', '--wait');
      await running.ended;
    },
  );

  it('prints the id of what it waited for in vain, and how far it came', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: 'ready' }, { do: 'hang' }]);
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('ready');
    const late = await lab.run('steer', 'last', 'hello', '--wait', 'observed', '--wait-timeout', '300ms', '--json');
    expect(late.code).not.toBe(0);
    expect(late.stdout).toMatch(/"instructionId":"ins-/);
    await lab.run('cancel', 'last', '--wait');
    await running.ended;
  });

  it('keeps a task open, follows up, and closes it', async () => {
    await using lab = await Lab.open(({ text }) => [{ do: 'say', text: `did ${text}` }]);
    const running = lab.start(['run', 'one', '--until-closed']);
    await running.stdout.holds('the agent rests');
    expect((await lab.run('follow-up', 'last', 'two', '--wait', 'observed')).code).toBe(0);
    await running.stdout.holds('did two');
    expect((await lab.run('close', 'last', '--wait')).code).toBe(0);
    expect((await running.ended).code).toBe(0);
  });

  it.each([true, false])(
    'names follow-up for a task that rests only where the runtime takes one (%s)',
    async (followUp) => {
      await using lab = await Lab.open();
      lab.use(memoryRuntime({ capabilities: { followUp }, script: () => [{ do: 'say', text: 'hi' }] }));
      const running = lab.start(['run', 'one', '--until-closed']);
      await running.stdout.holds('hi');
      await lab.run('close', 'last', '--wait');
      const { stdout } = await running.ended;
      expect(stdout.includes('the agent rests; to go on: runtime follow-up')).toBe(followUp);
    },
  );

  it('interrupts a turn, and cancels the task', async () => {
    await using lab = await Lab.open(() => [{ do: 'say', text: 'ready' }, { do: 'hang' }]);
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('ready');
    expect((await lab.run('interrupt', 'last')).code).toBe(0);
    await running.stdout.holds('interrupted by cli');
    const cancelled = await lab.run('cancel', 'last', '--wait', '--why', 'enough', '--json');
    expect(view(cancelled.json())).toMatchObject({ status: 'cancelled', outcome: { status: 'cancelled' } });
    expect((await running.ended).code).toBe(1);
  });

  it('ends at Ctrl-C while it waits for its text, and leaves the second one to the system', async () => {
    await using lab = await Lab.open();
    const waiting = Promise.withResolvers<void>();
    const stdin = (async function* (): AsyncGenerator<string> {
      waiting.resolve();
      await new Promise(() => {});
      yield '';
    })();
    let interrupt = (): void => {};
    let listening = 0;
    const steer = lab.start(['steer', 'last', '-'], {
      stdin,
      onSignal: (_names, listener) => {
        listening += 1;
        interrupt = () => listener('SIGINT');
        return () => void (listening -= 1);
      },
    });
    await waiting.promise;
    expect(listening).toBe(1);
    interrupt();
    expect(listening).toBe(0);
    expect((await steer.ended).code).toBe(130);
  });

  it('is a conflict after the end, with exit code 1', async () => {
    await using lab = await Lab.open();
    await lab.run('run', 'x');
    const late = await lab.run('steer', 'last', 'too late');
    expect(late.code).toBe(1);
    // In the words of the command line: short ids, and no code.
    expect(late.stderr).toMatch(/\nerror task \w{6} has ended \(succeeded\) \[CONFLICT\]\n/);
    expect(late.stderr).toContain('runtime run "<text>" --continue <task>');
    expect(late.stderr).not.toContain('submit({');
    const asJson = await lab.run('steer', 'last', 'too late', '--json');
    expect(asJson.json()).toMatchObject({
      error: { hint: expect.stringContaining('runtime run "<text>" --continue') },
    });
  });
});

describe('runtime answer', () => {
  const asking = () =>
    Lab.open(() => [
      {
        do: 'ask',
        title: 'May I?',
        answered: ({ choice, value }) => [{ do: 'say', text: `you said ${choice ?? value}` }],
      },
    ]);

  it('lists what is open, and answers by kind', async () => {
    await using lab = await asking();
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('runtime answer');
    expect((await lab.run('answer', 'last')).stdout).toMatch(
      /\? May I\? \(dialog\)\n {2}runtime answer \S+ \S+ allow \| deny/,
    );
    expect((await lab.run('answer', 'last', '--json')).json()).toMatchObject([{ title: 'May I?' }]);
    expect((await lab.run('answer', 'last', 'nonsense')).code).toBe(2);
    expect((await lab.run('answer', 'last', 'deny')).code).toBe(0);
    expect((await running.ended).stdout).toContain('you said deny');
    expect((await lab.run('answer', 'last')).stdout).toContain('has no open approval');
  });

  it('asks on a terminal, by number', async () => {
    await using lab = await asking();
    const running = lab.start(['run', 'x']);
    await running.stdout.holds('runtime answer');
    const answers = ['9', '1'];
    const stdin = Object.assign((async function* () {})(), { isTTY: true });
    const picked = await lab.start(['answer', 'last'], {
      stdin,
      stdout: new Sink(true),
      ask: () => Promise.resolve(answers.shift() ?? ''),
    }).ended;
    expect(picked.code).toBe(0);
    expect((await running.ended).stdout).toContain('you said allow');
  });
});
