import { expect, it } from 'vitest';
import { planeClosed } from '../../src/client/plane-closed.ts';
import { whileOpen, type FamilyPort } from '../../src/client/family-port.ts';
import { outbox, queued } from '../support/outbox.ts';

it('nothing is asked of families once their plane begins to close, while its log is still open', async () => {
  const asked: string[] = [];
  const port: FamilyPort = {
    append: async (stream) => {
      asked.push(stream);
      return { first: 1, last: 1, revision: 1, time: 0 };
    },
    state: async ({ initial, name }) => {
      asked.push(name);
      return initial;
    },
  };
  const closing = new AbortController();
  const families = whileOpen(port, closing.signal);
  await families.append('outbox/a', [queued('m-1')], {});
  expect(await families.state(outbox)).toBe(outbox.initial);
  closing.abort(planeClosed());
  const refusal = { code: 'UNAVAILABLE', details: { gone: true } };
  await expect(families.append('outbox/b', [queued('m-1')], {})).rejects.toMatchObject(refusal);
  await expect(families.state(outbox)).rejects.toMatchObject(refusal);
  expect(asked).toEqual(['outbox/a', 'outbox']);
});
