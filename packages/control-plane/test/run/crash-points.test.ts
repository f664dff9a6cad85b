import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime, type MemoryRuntimeOptions, type MemoryStep } from '@runtime/conformance/memory-runtime';
import type { ControlPlane, RuntimeCapabilities, SubmitRequest } from '@runtime/contracts';
import { describe, expect, inject, it } from 'vitest';
import { eventsOf, makePlaces, openPlane, retry, typesOf } from '../support/planes.ts';
import { textOf } from '../support/text-of.ts';

/** A task, and a person who does something at a point of it: the same under every owner. */
interface Scene {
  readonly script: NonNullable<MemoryRuntimeOptions['script']>;
  readonly request?: Partial<SubmitRequest>;
  /** The files that a task which succeeds has delivered. */
  readonly delivers?: Readonly<Record<string, string>>;
  /** Where the agent says this, or an event of this type comes, the person acts. */
  readonly acts?: Readonly<Record<string, (plane: ControlPlane, id: string) => Promise<unknown>>>;
}

const say = (text: string): MemoryStep => ({ do: 'say', text });
const close = (plane: ControlPlane, id: string): Promise<void> => plane.task(id).close();

const files = { 'out/large': 'x'.repeat(100_000), 'out/small': 'x' };

const scenes: Readonly<Record<string, Scene>> = {
  'a turn with a tool': { script: () => [say('begun'), { do: 'tool', name: 'x' }, say('done')] },
  'a turn whose files are kept': {
    script: () => [
      ...Object.entries(files).map(([path, text]): MemoryStep => ({ do: 'write', path, text })),
      say('done'),
    ],
    request: { deliverables: [{ glob: 'out/*' }] },
    delivers: files,
  },
  'work that is checked twice': {
    script: ({ text }) => [{ do: 'write', path: text.includes('checked') ? 'right' : 'wrong', text: '' }, say('done')],
    request: { check: { command: ['test', '-e', 'right'], maxRounds: 3 } },
  },
  'work that delivers once it is told to': {
    script: ({ text }) =>
      text.includes('was delivered') ? [{ do: 'write', path: 'out/x', text: 'x' }, say('done')] : [say('done')],
    request: { check: { command: ['true'] }, deliverables: [{ glob: 'out/*' }] },
    delivers: { 'out/x': 'x' },
  },
  'work that is checked while a person says more': {
    script: () => [say('done')],
    request: { check: { command: ['sh', '-c', 'while [ ! -e go ]; do sleep 0.02; done'] } },
    acts: {
      'check.started': async (plane, id) => {
        await plane.task(id).steer('also', { key: 'also' });
        await writeFile(join((await plane.task(id).status()).workspace, 'go'), '');
      },
    },
  },
  'an approval': {
    script: () => [{ do: 'ask', title: 'May I?', answered: ({ choice }) => [say(String(choice))] }],
  },
  'a steer and a follow-up': {
    script: ({ text }) => (text === 'later' ? [say('also done')] : [say('tell me'), { do: 'listen' }, say('done')]),
    acts: {
      'tell me': async (plane, id) => {
        await plane.task(id).followUp('later', { key: 'later' });
        await plane.task(id).steer('left', { key: 'left' });
      },
    },
  },
  'an interrupt, then the close of the task': {
    script: () => [say('stop me'), { do: 'hang' }],
    acts: { 'stop me': (plane, id) => plane.task(id).interrupt() },
  },
  'a task that is kept open until it is closed': {
    script: () => [say('done')],
    request: { until: 'closed' },
    acts: { done: close },
  },
  'a cancel': {
    script: () => [say('end me'), { do: 'hang' }],
    acts: { 'end me': (plane, id) => plane.task(id).cancel() },
  },
  'a crash, and its resumption': {
    script: ({ history }) =>
      history.some(({ from }) => from === 'agent')
        ? [say('resumed')]
        : [say('begun'), { do: 'exit', exit: { kind: 'signaled', signal: 'SIGKILL' } }],
  },
};

/** As the runtimes are that carry their instruction with the launch. */
const launched: Partial<RuntimeCapabilities> = { firstInstruction: 'launch', resume: 'none', events: 'output' };
const all = Object.keys(scenes);
const kinds: Readonly<Record<string, readonly [Partial<RuntimeCapabilities>, readonly string[]]>> = {
  'a runtime that is sent its prompt': [{}, all],
  'a runtime that is launched with it': [
    launched,
    [
      'a turn with a tool',
      'a turn whose files are kept',
      'work that is checked twice',
      'work that is checked while a person says more',
      'a crash, and its resumption',
    ],
  ],
  'a runtime that cannot tell what became of a steer': [{ steer: 'unknown' }, ['a steer and a follow-up']],
};

interface Death {
  readonly name: string;
  readonly nth: number;
}

/** An owner that does nothing more from one point on, as if it had been killed there. */
function mortal(dieAt: readonly Death[]) {
  const passed: string[] = [];
  const died = Promise.withResolvers<void>();
  let isDead = false;
  const failpoint = (name: string): void => {
    if (!isDead) {
      passed.push(name);
      const nth = passed.filter((each) => each === name).length;
      isDead = dieAt.some((death) => death.name === name && death.nth === nth);
      if (isDead) died.resolve();
    }
    if (isDead) throw new Error(`killed at ${name}`);
  };
  return { failpoint, passed, died: died.promise };
}

/** Acts where the agent asks for it; what has been done, or cannot be done any more, is fine. */
async function attend(plane: ControlPlane, id: string, { acts = {} }: Scene, signal: AbortSignal): Promise<void> {
  const done = new Set<string>();
  for await (const event of plane.task(id).events({ signal })) {
    const act = acts[event.type === 'message.completed' ? event.text : event.type];
    await act?.(plane, id).catch(() => undefined);
    if (event.type === 'approval.requested' && event.kind !== 'recovery') {
      await plane
        .task(id)
        .answer(event.approvalId, { choice: 'allow' })
        .catch(() => undefined);
    }
    if (event.type === 'interrupt.requested') done.add('interrupted');
    if (event.type === 'turn.ended' && done.has('interrupted')) await close(plane, id).catch(() => undefined);
  }
}

const limitMs = 10_000 * inject('slowness');

/** Resolves when the task has ended, or a person is asked what to do: nothing may wait for what nobody will say. */
async function settled(plane: ControlPlane, id: string, scene: Scene, died?: Promise<void>): Promise<string> {
  const leaving = new AbortController();
  void died?.then(() => leaving.abort());
  const signal = AbortSignal.any([AbortSignal.timeout(limitMs), leaving.signal]);
  const attending = attend(plane, id, scene, signal).catch(() => undefined);
  try {
    for await (const event of plane.task(id).events({ signal })) {
      if (event.type === 'task.ended') return 'ended';
      if (event.type !== 'approval.requested' || event.kind !== 'recovery') continue;
      const open = (await plane.task(id).status()).approvals.some(({ kind }) => kind === 'recovery');
      if (open) return 'asked';
    }
    return 'silent';
  } catch {
    return 'silent';
  } finally {
    leaving.abort();
    await attending;
  }
}

async function play(kind: Partial<RuntimeCapabilities>, scene: Scene, deaths: readonly (readonly Death[])[]) {
  await using places = await makePlaces();
  const adapters = [memoryRuntime({ capabilities: kind, script: scene.script })];
  const request = { prompt: 'go', workspace: places.workspace, key: 'k', retry, ...scene.request };
  let passed: readonly string[] = [];
  for (const dieAt of deaths) {
    const owner = mortal(dieAt);
    const plane = await openPlane(places, { adapters, failpoint: owner.failpoint });
    const submitted = await plane.submit(request).catch(() => undefined);
    const over = submitted && settled(plane, submitted.id, scene, owner.died);
    await Promise.race([owner.died, over]);
    await plane.close().catch(() => undefined);
    await over;
    passed = owner.passed;
  }
  await using last = await openPlane(places, { adapters });
  const { id } = await last.submit(request);
  const end = await settled(last, id, scene);
  const { outcome } = await last.task(id).status();
  if (outcome?.status === 'succeeded') expect(await deliveredOf(last, id)).toEqual(scene.delivers ?? {});
  return { end, passed, events: typesOf(await eventsOf(last, id)) };
}

/** By name, what the log says was delivered, each once, as it is read. */
async function deliveredOf(plane: ControlPlane, id: string): Promise<Record<string, string>> {
  const delivered: Record<string, string> = {};
  for await (const event of plane.task(id).events({ follow: false, types: ['artifact.stored'] })) {
    if (event.type !== 'artifact.stored' || event.origin !== 'deliverable') continue;
    const { name, sha256 } = event.artifact;
    expect(delivered).not.toHaveProperty([name]);
    delivered[name] = await textOf(plane.readArtifact(`artifact://sha256/${sha256}`));
  }
  return delivered;
}

/**
 * The points of a task that differ: before the first and after the last event of each append, and around effects. What
 * `played` has, another scene has died at, after all the same points.
 */
function different(passed: readonly string[], played = new Set<string>()): Death[] {
  const family = (name = ''): string => name.slice(0, name.indexOf(':') + 1);
  return passed.flatMap((name, index) => {
    const neighbour = name.startsWith('append.before:') ? passed[index - 1] : passed[index + 1];
    if (name.startsWith('append.') && family(name) === family(neighbour)) return [];
    const story = passed.slice(0, index + 1).join(' ');
    if (played.has(story)) return [];
    played.add(story);
    return [{ name, nth: passed.slice(0, index + 1).filter((each) => each === name).length }];
  });
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 4 }, lane));
}

describe.each(Object.entries(kinds))('with %s', (_kind, [kind, names]) => {
  const played = new Set<string>();
  it.each(names)(
    '%s comes to its end, or to a question, wherever its owner is killed',
    { timeout: 120_000 * inject('slowness') },
    async (name) => {
      const scene = scenes[name];
      if (!scene) throw new Error(`no scene ${name}`);
      const { passed } = await play(kind, scene, [[]]);
      expect(passed.length).toBeGreaterThan(15);
      const deaths = different(passed, played);
      expect(deaths).not.toEqual([]);
      await inLanes(deaths, async (death) => {
        const { end, events } = await play(kind, scene, [[death]]);
        expect(end, `killed at ${death.name} #${death.nth}: ${events.join(' ')}`).not.toBe('silent');
      });
    },
  );
});

it.each([
  ['start.after', launched],
  ['send.after', {}],
] as const)(
  'a task whose owner is killed at %s, and the next one at any point of its recovery, comes to its end',
  { timeout: 120_000 * inject('slowness') },
  async (name, kind) => {
    const scene: Scene = { script: () => [say('begun'), { do: 'tool', name: 'x' }, say('done')] };
    const first = [{ name, nth: 1 }];
    const { passed } = await play(kind, scene, [first, []]);
    await inLanes(different(passed), async (second) => {
      const { end, events } = await play(kind, scene, [first, [second]]);
      expect(end, `killed at ${name}, then at ${second.name} #${second.nth}: ${events.join(' ')}`).not.toBe('silent');
    });
  },
);
