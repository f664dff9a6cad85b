import { chmod, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MemoryStep } from '@runtime/conformance/memory-runtime';
import type { RunOutcome, SubmitRequest } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import type { StoredEvent } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { hostile, seen } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane, typesOf, type Places } from '../support/planes.ts';

const given = 'hunter2-hunter2';
const rotated = 'another-another';

interface Given extends Places {
  readonly taskId: string;
  readonly envFile: string;
  readonly kept: string;
}

interface Orphan {
  /** What somebody does while no owner lives. */
  readonly meanwhile: (places: Given) => Promise<void>;
  /** What the agent does afterwards. */
  readonly alone?: readonly MemoryStep[];
  readonly request?: Partial<SubmitRequest>;
}

/** A task with a value of each kind whose owner dies in its turn, and that another one takes over. */
async function orphaned({
  meanwhile,
  alone = [],
  request,
}: Orphan): Promise<{ outcome: RunOutcome; events: StoredEvent[]; masked: unknown[] }> {
  await using places = await makePlaces();
  const gate = Promise.withResolvers<void>();
  const masked: unknown[] = [];
  const script = function* (): Generator<MemoryStep> {
    yield { do: 'say', text: 'begun' };
    yield { do: 'gate', until: gate.promise };
    yield* alone;
  };
  const adapter = hostile(
    { script },
    {
      adapter: (inner) => ({
        recover: (handle, call) => {
          masked.push(call?.secrets);
          return inner.recover(handle, call);
        },
      }),
    },
  );
  const envFile = join(places.root, 'env');
  await writeFile(envFile, `FROM_FILE=${given}-file\n`, { mode: 0o600 });
  const first = await openPlane(places, { adapters: [adapter], environment: { OWN_TOKEN: `${given}-own` } });
  const { id } = await first.submit({
    prompt: 'go',
    workspace: places.workspace,
    recovery: 'manual',
    env: { file: envFile, pass: ['OWN_TOKEN'], set: { SET_TOKEN: `${given}-set` } },
    ...request,
  });
  const { runId } = (await seen(first, id, 'run.starting')) as unknown as { runId: string };
  await seen(first, id, 'message.completed');
  await first.close();
  const kept = join(places.dataDir, 'runs', runId, 'secrets.json');
  await meanwhile({ ...places, taskId: id, envFile, kept });
  gate.resolve();
  await using second = await openPlane(places, { adapters: [adapter], environment: { OWN_TOKEN: `${rotated}-own` } });
  const outcome = await second.task(id).outcome();
  const events = await eventsOf(second, id);
  expectSoundStream(events);
  expect(await stat(kept).catch(() => 'gone')).toBe('gone');
  return { outcome, events, masked };
}

const exit = { do: 'exit', exit: { kind: 'exited', code: 0 } } as const;
const work: readonly MemoryStep[] = [{ do: 'say', text: 'the words of the agent' }];

describe('a run that was launched is read by a later owner with the values that it was given', () => {
  it.each<[string, Orphan['meanwhile']]>([
    ['as they are', async () => undefined],
    ['with another value in its environment file', ({ envFile }) => writeFile(envFile, `FROM_FILE=${rotated}-file\n`)],
    ['without its environment file', ({ envFile }) => rm(envFile)],
    ['with an environment file that others can read', ({ envFile }) => chmod(envFile, 0o644)],
    ['without the values of its task', ({ dataDir }) => rm(join(dataDir, 'tasks'), { recursive: true })],
    ['with damaged values', ({ dataDir, taskId }) => truncate(join(dataDir, 'tasks', taskId, 'values.json'), 10)],
    ['without its workspace', ({ workspace }) => rm(workspace, { recursive: true })],
  ])('%s', async (_, meanwhile) => {
    const { outcome, events, masked } = await orphaned({ meanwhile, alone: work });
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(masked.map((each) => [...(each as string[])].sort())).toEqual([
      [`${given}-file`, `${given}-own`, `${given}-set`],
    ]);
    expect(events.findLast(({ type }) => type === 'message.completed')).toMatchObject({
      text: 'the words of the agent',
    });
    expect(typesOf(events)).not.toContain('output.gap');
  });
});

describe('a run whose own values are gone', () => {
  const lost: Orphan['meanwhile'] = ({ kept }) => rm(kept);

  it('ends as its agent did; its text is left out, and the log says why', async () => {
    const alone: MemoryStep[] = [
      { do: 'print', text: 'a line of the agent\n' },
      { do: 'tool', name: 'tool-of-the-agent', input: { argument: 'x' }, output: 'result of the agent' },
      ...work,
      exit,
    ];
    const { outcome, events } = await orphaned({ meanwhile: lost, alone });
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(JSON.stringify(events)).not.toMatch(/of.the.agent/);
    const types = typesOf(events);
    expect(types.filter((type) => type === 'output.gap')).toHaveLength(1);
    expect(types).toEqual(expect.arrayContaining(['tool.started', 'tool.ended', 'turn.ended']));
    expect(events.find(({ type }) => type === 'output.gap')).toMatchObject({
      reason: expect.stringContaining('values to mask'),
    });
    expect(events.findLast(({ type }) => type === 'message.completed')).toMatchObject({
      text: '',
      omittedChars: 'the words of the agent'.length,
    });
  });

  it('tells what its backend did by itself without the words for it, and not which model it used', async () => {
    const words = 'words of the agent';
    const told: SessionEvent[] = [
      { type: 'model.selected', model: words },
      { type: 'retry.scheduled', attempt: 1, delayMs: 5, reason: words },
      { type: 'retry.ended', attempt: 1, ok: true, reason: words },
      { type: 'compaction.started', reason: words },
      { type: 'context.compacted', reason: words, tokensBefore: 100 },
      { type: 'compaction.started', reason: words },
      { type: 'compaction.failed', reason: words },
    ];
    const alone: MemoryStep[] = [...told.map((event) => ({ do: 'emit', event }) as const), exit];
    const { events } = await orphaned({ meanwhile: lost, alone });
    expect(JSON.stringify(events)).not.toContain(words);
    const types = told.map(({ type }) => type);
    expect(typesOf(events).filter((type) => types.some((each) => each === type))).toEqual(types.slice(1));
    expect(events).toContainEqual(expect.objectContaining({ type: 'retry.ended', ok: true }));
    expect(events).toContainEqual(expect.objectContaining({ type: 'context.compacted', tokensBefore: 100 }));
  });

  it.each<[string, Orphan['meanwhile']]>([
    ['damaged', ({ kept }) => truncate(kept, 10)],
    ['no list of texts', ({ kept }) => writeFile(kept, '{"version":1,"secrets":[5]}')],
    ['no file', ({ kept }) => rm(kept).then(() => mkdir(kept))],
  ])('is one whose record is %s', async (_, meanwhile) => {
    const { outcome, events } = await orphaned({ meanwhile, alone: [...work, exit] });
    expect(outcome).toEqual({ status: 'succeeded' });
    expect(JSON.stringify(events)).not.toContain('words of the agent');
  });

  it('is timed out at its limit', async () => {
    const { outcome } = await orphaned({
      meanwhile: async (places) => {
        await lost(places);
        await rm(join(places.dataDir, 'tasks'), { recursive: true });
      },
      alone: [{ do: 'hang' }],
      request: { runTimeoutMs: 300 },
    });
    expect(outcome).toMatchObject({ status: 'timed_out' });
  });

  it('can be asked and answered', async () => {
    const { outcome } = await orphaned({
      meanwhile: lost,
      alone: [{ do: 'ask', title: 'question of the agent', answered: () => [exit] }],
      request: { approvals: { timeoutMs: 50 } },
    });
    expect(outcome).toEqual({ status: 'succeeded' });
  });
});

it('the values of a run are in one file for its user alone until its task has ended', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [hostile({ script: () => [{ do: 'hang' }] }, {})] });
  const { id } = await plane.submit({
    prompt: 'go',
    workspace: places.workspace,
    env: { set: { MY_TOKEN: given } },
  });
  const { runId } = (await seen(plane, id, 'run.started')) as unknown as { runId: string };
  const file = join(places.dataDir, 'runs', runId, 'secrets.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ version: 1, secrets: [given] });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await plane.task(id).cancel();
  await plane.task(id).outcome();
  await expect(stat(file)).rejects.toThrow('ENOENT');
});
