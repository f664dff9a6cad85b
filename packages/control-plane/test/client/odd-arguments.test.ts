import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type ControlPlane, type SubmitRequest } from '@runtime/contracts';
import { openEventLog } from '@runtime/event-log';
import { expect, it } from 'vitest';
import { outbox } from '../support/outbox.ts';
import { makePlaces, openOverSocket, openPlane } from '../support/planes.ts';

/** Something that no type allows, passed all the same. */
const odd = (value: unknown): never => value as never;
const broken = {
  get prompt(): string {
    throw new RangeError('no');
  },
};

type Ask = (plane: ControlPlane, request: SubmitRequest) => unknown;
const asks: readonly [string, Ask][] = [
  ['steer with null', (plane) => plane.task('tsk_x').steer('x', odd(null))],
  ['followUp with null', (plane) => plane.task('tsk_x').followUp('x', odd(null))],
  ['cancel with null', (plane) => plane.task('tsk_x').cancel(odd(null))],
  ['answer with null', (plane) => plane.task('tsk_x').answer('a', { choice: 'a' }, odd(null))],
  ['tasks with null', (plane) => plane.tasks(odd(null))],
  ['runtimes with null', (plane) => plane.runtimes(odd(null))],
  ['events with null', async (plane) => plane.events(odd(null))],
  ['events of a task with null', async (plane) => plane.task('tsk_x').events(odd(null))],
  ['tasks with a getter that throws', (plane) => plane.tasks(odd(broken))],
  ['append with null', (plane) => plane.append('outbox/a', [], odd(null))],
  ['append of a map', (plane) => plane.append('outbox/a', [{ type: 'outbox.sent', at: odd(new Map()) }])],
  ['append of a getter that throws', (plane) => plane.append('outbox/a', odd([broken]))],
  ['state with null', (plane) => plane.state(outbox, odd(null))],
  ['leave with a text', (plane) => plane.leave(odd('now'))],
  ['a getter that throws', (plane) => plane.submit(odd(broken))],
  ['a getter that throws, further in', (plane, request) => plane.submit({ ...request, retry: odd({ deep: broken }) })],
  ['a date', (plane, request) => plane.submit({ ...request, needs: odd(new Date()) })],
  ['a map', (plane, request) => plane.submit({ ...request, retry: odd(new Map()) })],
  ['a function', (plane, request) => plane.submit({ ...request, labels: odd({ a: () => 1 }) })],
];

it.each([
  ['in its own process', openPlane],
  ['over a socket', openOverSocket],
])('a plane %s refuses with INVALID_ARGUMENT what is no data', async (_where, open) => {
  await using places = await makePlaces();
  await using plane = await open(places, { adapters: [memoryRuntime()] });
  const request = { prompt: 'go', workspace: places.workspace };
  for (const [what, ask] of asks) {
    const asking = async (): Promise<unknown> => ask(plane, request);
    const thrown = await asking().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(AgentRuntimeError.isInstance(thrown) && thrown.code, `${what}: ${String(thrown)}`).toBe('INVALID_ARGUMENT');
  }
  // Where its environment comes from is no plain object, and meant.
  await plane.submit({ ...request, environment: { PATH: '/bin' }, labels: Object.create(null) });
});

it('a log is opened with options, and not with a path alone', async () => {
  for (const options of ['/tmp/log', undefined, null, {}, { dir: 7 }, { dir: '' }])
    await expect(openEventLog(odd(options))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
