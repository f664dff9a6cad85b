import { errorCodeSchema } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { errorNumbers } from '../../src/socket/error-numbers.ts';
import { answer, call, cancel, dial, failed, notify } from '../support/json-rpc.ts';
import { served } from '../support/socket-places.ts';

it('an id comes back as it was sent, number or string, and 1 is not "1"', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  client.send(call(1, 'forever'));
  client.send(call('1', 'echo', { a: 1 }));
  client.send(call(0, 'echo', { a: 0 }));
  client.send(call('', 'echo', { a: '' }));
  client.send(cancel('1'));
  await expect.poll(() => client.frames.slice(1)).toHaveLength(3);
  expect(client.frames.slice(1)).toEqual([answer('1', { a: 1 }), answer(0, { a: 0 }), answer('', { a: '' })]);
  expect(place.seen.aborted).toEqual([]);
  client.send(cancel(1));
  await expect.poll(() => client.frames.at(-1)).toEqual(failed(1, 'CANCELLED'));
});

it('a notification gets no answer and does nothing', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  for (const params of [{}, { id: 99 }, { id: {} }, [1]]) client.send(notify('$/cancelRequest', params));
  client.send(notify('echo'));
  client.send(notify('$/weather'));
  client.send(call(1, 'echo'));
  await expect.poll(() => client.frames.slice(1)).toEqual([answer(1, {})]);
  expect(place.seen.calls).toEqual(['echo']);
});

it('parameters may be missing, and go by name only', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  client.send({ jsonrpc: '2.0', id: 1, method: 'echo' });
  client.send(call(2, 'echo', ['by position']));
  await expect.poll(() => client.frames.length).toBe(3);
  expect(client.frames).toContainEqual(answer(1, {}));
  expect(client.frames).toContainEqual(failed(2, 'INVALID_ARGUMENT', -32_602));
});

it('a method that does not exist is answered with -32601', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  client.send(call(1, 'shout'));
  client.send(call(2, '$/cancelRequest', { id: 1 }));
  await expect.poll(() => client.frames.length).toBe(3);
  expect(client.frames.slice(1)).toEqual([failed(1, 'NOT_FOUND', -32_601), failed(2, 'NOT_FOUND', -32_601)]);
});

it.each([
  ['what is not JSON', 'hello', -32_700],
  ['what is nested too deeply', '['.repeat(200) + ']'.repeat(200), -32_700],
  ['what is not a request', '{"jsonrpc":"2.0","id":1}', -32_600],
  ['another JSON-RPC', '{"jsonrpc":"1.0","id":1,"method":"echo"}', -32_600],
  ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"echo"}]', -32_600],
  ['an empty batch', '[]', -32_600],
])('%s is answered with its number and a null id', async (_what, line, number) => {
  await using place = await served();
  await using client = await dial(place.path);
  client.socket.write(`${line}\n`);
  await expect.poll(() => client.closed).toBe(true);
  expect(client.frames.slice(1)).toEqual([failed(null, 'PROTOCOL_VIOLATION', number)]);
  expect(place.seen.calls).toEqual([]);
});

it('a batch is answered with the advice to send one request a line', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  client.send([call(1, 'echo'), call(2, 'echo')]);
  await expect.poll(() => JSON.stringify(client.frames.at(-1))).toContain('batches are not supported');
});

it('an id that is still under way cannot be used again', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  client.send(call(1, 'forever'));
  client.send(call(1, 'echo'));
  await expect.poll(() => client.closed).toBe(true);
  expect(client.frames.slice(1)).toEqual([failed(null, 'PROTOCOL_VIOLATION', -32_600)]);
});

it('the items of a stream are notifications, in order, and its answer is the end', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  client.send(call('s', 'events', { of: 'three' }));
  await expect.poll(() => client.frames.at(-1)).toEqual(answer('s', null));
  expect(client.frames.slice(1, -1)).toEqual(
    [0, 1, 2].map((n) => notify('stream.items', { id: 's', items: [{ n, text: '' }] })),
  );
});

it('a stream that fails is answered with its error, and one that is cancelled ends', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  client.send(call(1, 'events', { of: 'broken' }));
  await expect.poll(() => client.frames.at(-1)).toEqual(failed(1, 'DATA_CORRUPT'));
  client.send(call(2, 'events', { of: 'flood' }));
  await expect.poll(() => place.seen.pulled).toBeGreaterThan(5);
  client.send(cancel(2));
  await expect.poll(() => client.frames.at(-1)).toEqual(answer(2, null));
  client.send(call(2, 'echo'));
  await expect.poll(() => client.frames.at(-1)).toEqual(answer(2, {}));
});

it('every code of ours has a number of its own, where JSON-RPC allows one', () => {
  const numbers = errorCodeSchema.options.map((code) => errorNumbers[code]);
  expect(new Set(numbers).size).toBe(numbers.length);
  const ours = numbers.filter((number) => number !== -32_602 && number !== -32_603);
  for (const number of ours) {
    expect(number).toBeLessThanOrEqual(-32_000);
    expect(number).toBeGreaterThanOrEqual(-32_099);
  }
  expect(ours).toHaveLength(numbers.length - 2);
});
