import { expect, it } from 'vitest';
import type { Channel } from '../../src/client/channel.ts';
import { answers } from '../../src/client/answers.ts';
import { PlaneClient } from '../../src/client/plane-client.ts';

/** A plane that answers every call with this value. */
const answering = (value: unknown): Channel => ({
  lost: new Promise(() => undefined),
  call: () => Promise.resolve(value),
  stream: async function* () {},
  close: () => Promise.resolve(),
});

it.each<[string, (plane: PlaneClient) => Promise<unknown>]>([
  ['submit', (plane) => plane.submit({ prompt: 'go' })],
  ['tasks.list', (plane) => plane.tasks()],
  ['runtimes', (plane) => plane.runtimes()],
  ['info', (plane) => plane.info()],
  ['task.status', (plane) => plane.task('task-1').status()],
  ['task.outcome', (plane) => plane.task('task-1').outcome()],
  ['task.send', (plane) => plane.task('task-1').steer('left')],
])(
  'an answer to %s that does not fit is a violation of the protocol, and not an argument of the caller',
  async (method, call) => {
    await expect(call(new PlaneClient(answering({ nonsense: [] }), answers))).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringContaining(method),
      hint: expect.any(String),
    });
  },
);

it('runtimes() and info() have the fields of their schemas and no others', async () => {
  const report = { status: 'unavailable', id: 'x', code: 'NOT_FOUND', reason: 'not installed', breaker: 'open' };
  expect(await new PlaneClient(answering([{ ...report, more: 1 }]), answers).runtimes()).toEqual([report]);
  const info = {
    logId: 'l',
    epoch: 1,
    pid: 2,
    dataDir: '/d',
    version: '0',
    definitions: false,
    unfinished: 0,
    clients: 0,
  };
  expect(await new PlaneClient(answering({ ...info, more: 1 }), answers).info()).toEqual(info);
});
