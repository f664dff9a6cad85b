import { AgentRuntimeError } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { whenThereIsRoom } from '../../src/waiting/disk-room.ts';

const { signal } = new AbortController();

/** Fails as often as there are errors, and then resolves with how often it was called. */
function failing(...errors: readonly AgentRuntimeError[]): () => Promise<number> {
  let calls = 0;
  return () => {
    const error = errors[calls];
    calls += 1;
    return error ? Promise.reject(error) : Promise.resolve(calls);
  };
}

const full = new AgentRuntimeError('EXHAUSTED', 'the disk is full');

it('a full disk is waited for', async () => {
  expect(await whenThereIsRoom(failing(full), signal)).toBe(2);
});

it('what is larger than its limit is not tried again: it never fits', async () => {
  const tooLarge = new AgentRuntimeError('EXHAUSTED', 'it has more than 8 bytes', { retry: 'never' });
  await expect(whenThereIsRoom(failing(tooLarge), signal)).rejects.toBe(tooLarge);
});

it('nobody waits any longer once the signal aborts', async () => {
  const ending = new AbortController();
  const waiting = whenThereIsRoom(failing(full, full, full), ending.signal);
  ending.abort();
  await expect(waiting).rejects.toBe(full);
});
