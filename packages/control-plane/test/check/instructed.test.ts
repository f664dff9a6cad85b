import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime, type MemoryRuntimeOptions } from '@runtime/conformance/memory-runtime';
import type { SubmitRequest, TaskHandle } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { appears, artifactsOf, checksOf, request, sh, worker } from '../support/checks.ts';
import { eventsOf, makePlaces, openPlane, typesOf, type PlaneOptions } from '../support/planes.ts';

/** Its first check says so when it runs, and waits to be let go. */
const waiting = (then: string): string[] => sh(`touch began; while [ ! -e go ]; do sleep 0.02; done; ${then}`);
/** Of the first check only; later ones pass. */
const failsOnce = 'echo x >> rounds; echo not yet; [ $(wc -l < rounds) -ge 2 ]';

/** A task whose first check runs until it is let go. */
async function checked(
  more: Partial<SubmitRequest> & Pick<SubmitRequest, 'check'>,
  runtime: MemoryRuntimeOptions = {},
  options: Partial<PlaneOptions> = {},
) {
  const places = await makePlaces();
  const planes = [await openPlane(places, { adapters: [memoryRuntime({ script: worker, ...runtime })], ...options })];
  const task = await planes[0]!.submit(request(places, more));
  await appears(places, 'began');
  return {
    places,
    plane: planes[0]!,
    task,
    letGo: () => writeFile(join(places.workspace, 'go'), ''),
    [Symbol.asyncDispose]: async () => {
      for (const plane of planes) await plane.close();
      await places[Symbol.asyncDispose]();
    },
  };
}

const modesOf = async (task: TaskHandle): Promise<string[]> => (await task.status()).runs.map(({ mode }) => mode);

describe('an instruction that comes while a check runs', () => {
  it('is what the agent goes on with in the same conversation after a check that passed, and that is checked', async () => {
    await using it = await checked({ check: { command: waiting('echo good'), maxRounds: 0 } });
    const receipt = await it.task.steer('also the docs');
    expect(await receipt.level()).toBe('queued');
    await it.letGo();
    await receipt.reached('delivered');
    expect(await it.task.outcome()).toEqual({ status: 'succeeded' });
    expect((await checksOf(it.plane, it.task.id)).map(({ round, ok }) => [round, ok])).toEqual([
      [1, true],
      [2, true],
    ]);
    const { runs } = await it.task.status();
    expect(runs.map(({ mode, attempt }) => [mode, attempt])).toEqual([
      ['start', 1],
      ['resume', 1],
    ]);
    expect((await artifactsOf(it.plane, it.task.id))['runs/2/message.md']).toMatch(
      /^told: The work was checked with `.*`, and the check passed\..*\nFurther instruction: also the docs$/s,
    );
  });

  it('comes together with what a failed check says, and costs none of its rounds', async () => {
    await using it = await checked({ check: { command: waiting(failsOnce), maxRounds: 0 } });
    await it.task.followUp('also the docs');
    await it.letGo();
    expect(await it.task.outcome()).toEqual({ status: 'succeeded' });
    const told = (await artifactsOf(it.plane, it.task.id))['runs/2/message.md'];
    expect(told).toMatch(
      /^told: .*the check failed\. It printed:\n\nnot yet\n.*\nFurther instruction: also the docs$/s,
    );
  });

  it('leaves the agent all of its rounds', async () => {
    await using it = await checked({ check: { command: waiting('exit 1'), maxRounds: 1 } });
    await it.task.followUp('also the docs');
    await it.letGo();
    expect(await it.task.outcome()).toMatchObject({
      code: 'check_failed',
      message: 'The check failed in round 3: it exited with 1',
    });
    const texts = await artifactsOf(it.plane, it.task.id);
    expect(texts['runs/3/message.md']).toContain('1 of at most 2');
    expect(await modesOf(it.task)).toEqual(['start', 'resume', 'resume']);
  });

  it.each([
    ['passed', 'true'],
    ['failed', failsOnce],
  ])(
    'goes with the prompt of a run that starts over where the check %s, whatever the runtime takes',
    async (_, then) => {
      const capabilities = { resume: 'none', steer: 'none', followUp: false } as const;
      await using it = await checked({ check: { command: waiting(then) } }, { capabilities });
      const receipt = await it.task.steer('also the docs');
      const seen = receipt.reached('observed');
      await it.letGo();
      await seen;
      expect(await it.task.outcome()).toEqual({ status: 'succeeded' });
      expect(await modesOf(it.task)).toEqual(['start', 'restart']);
      const told = (await artifactsOf(it.plane, it.task.id))['runs/2/message.md'];
      expect(told).toMatch(/^told: go\n.*Further instruction: also the docs\n.*the check (passed|failed)/s);
    },
  );

  it('is declined where the task is cancelled', async () => {
    await using it = await checked({ check: { command: waiting('true') } });
    const receipt = await it.task.steer('also the docs');
    const seen = receipt.reached('accepted');
    await it.task.cancel();
    await expect(seen).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('ended before') });
    expect(await it.task.outcome()).toEqual({ status: 'cancelled' });
    expect(await modesOf(it.task)).toEqual(['start']);
  });

  it.each([
    ['deadline', 'timed_out', { check: { command: waiting('true') }, deadlineMs: 1_500 }],
    ['lost', 'failed', { check: { command: waiting('kill -9 $PPID; sleep 1000') } }],
  ])('is declined where the check ended as no run can change: %s', async (cause, status, more) => {
    await using it = await checked(more);
    const receipt = await it.task.steer('also the docs');
    const seen = receipt.reached('accepted');
    if (cause === 'lost') await it.letGo();
    await expect(seen).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await it.task.outcome()).toMatchObject({ status });
    expect(await checksOf(it.plane, it.task.id)).toMatchObject([{ cause }]);
    expect(await modesOf(it.task)).toEqual(['start']);
  });

  it('starts no run once it has expired, or where it is for a turn', async () => {
    await using it = await checked({ check: { command: waiting('true') } });
    const late = await it.task.steer('late', { expiresAt: Date.now() - 1 });
    const other = await it.task.steer('other', { ifTurn: 'turn-1' });
    await it.letGo();
    expect(await it.task.outcome()).toEqual({ status: 'succeeded' });
    expect([await late.level(), await other.level()]).toEqual(['declined', 'declined']);
    expect(await modesOf(it.task)).toEqual(['start']);
  });

  it('is of the task until its check has ended, and CONFLICT from then on', async () => {
    const sent: Record<string, unknown> = {};
    let task: TaskHandle | undefined;
    const failpoint = async (name: string): Promise<void> => {
      if (name !== 'check.stored' && name !== 'files.stored') return;
      sent[name] ??= await task?.steer('also the docs', { key: name }).catch((error: unknown) => error);
    };
    const more = { check: { command: waiting('true') }, deliverables: [{ glob: 'work' }] };
    await using it = await checked(more, {}, { failpoint });
    task = it.task;
    await it.letGo();
    expect(await it.task.outcome()).toEqual({ status: 'succeeded' });
    expect(sent).toMatchObject({
      'check.stored': { instructionId: expect.any(String) },
      'files.stored': { code: 'CONFLICT', message: expect.stringContaining('its last run is over') },
    });
    expect(await modesOf(it.task)).toEqual(['start', 'resume']);
    await expect(it.task.steer('more')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is done where the task is closed after it, and taken no more where it was closed before', async () => {
    await using it = await checked({ check: { command: waiting('true') } });
    await it.task.followUp('also the docs');
    await it.task.close();
    await expect(it.task.followUp('and more')).rejects.toMatchObject({ code: 'CONFLICT' });
    await it.letGo();
    expect(await it.task.outcome()).toEqual({ status: 'succeeded' });
    expect(await modesOf(it.task)).toEqual(['start', 'resume']);
  });

  it('has a task that is kept open rest again, and that is checked once it is closed', async () => {
    await using it = await checked({ check: { command: waiting('true') }, until: 'closed', idleTimeoutMs: 300 });
    await it.task.followUp('also the docs');
    await it.letGo();
    await expect.poll(async () => (await it.task.status()).status).toBe('waiting');
    await it.task.close();
    expect(await it.task.outcome()).toEqual({ status: 'succeeded' });
    expect(await checksOf(it.plane, it.task.id)).toHaveLength(2);
  });

  it('is done by the next owner, where the one that took it is killed', async () => {
    let isDead = false;
    const failpoint = (): void => {
      if (isDead) throw new Error('killed');
    };
    await using it = await checked({ check: { command: waiting('true') } }, {}, { failpoint });
    const { instructionId } = await it.task.steer('also the docs');
    isDead = true;
    await it.letGo();
    await it.plane.close().catch(() => undefined);
    await using next = await openPlane(it.places, { adapters: [memoryRuntime({ script: worker })] });
    expect(await next.task(it.task.id).outcome()).toEqual({ status: 'succeeded' });
    const events = (await eventsOf(next, it.task.id)).filter((event) => event['instructionId'] === instructionId);
    expect(typesOf(events)).toEqual(['instruction.queued']);
    expect((await artifactsOf(next, it.task.id))['runs/2/message.md']).toContain('also the docs');
  });
});
