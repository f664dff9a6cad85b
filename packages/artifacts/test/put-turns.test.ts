import { bytesOf } from '@runtime/conformance/artifact-store';
import { FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openArtifactStore } from '../src/index.ts';

async function* silent(): AsyncGenerator<Buffer> {
  yield bytesOf(1, 100_000);
  await new Promise(() => undefined);
}

test('a put that waits until others have stored their large contents can be left, and keeps nobody out', async () => {
  const store = await openArtifactStore({ dir: '/a', fs: new FaultFs() });
  const leaving = new AbortController();
  const hanging = Array.from({ length: 40 }, () => store.put(silent(), { signal: leaving.signal }));
  const waiting = new AbortController();
  const left = store.put(silent(), { signal: waiting.signal });
  for (let turn = 0; turn < 10; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  waiting.abort();
  await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
  leaving.abort();
  for (const put of hanging) await expect(put).rejects.toMatchObject({ code: 'CANCELLED' });
  using held = await store.put(bytesOf(2, 100_000));
  expect(held.bytes).toBe(100_000);
  await store.close();
});
