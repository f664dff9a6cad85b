import { expect, it } from 'vitest';
import { parseHello, parseReply, requestSchema } from '../../src/socket/messages.ts';
import { answer, call, notify } from '../support/json-rpc.ts';

it('a request has a number or a string for an id, or none', () => {
  expect(requestSchema.parse(call(1, 'info'))).toEqual({ jsonrpc: '2.0', id: 1, method: 'info', params: {} });
  expect(requestSchema.parse({ jsonrpc: '2.0', id: 'a', method: 'info', more: 1 })).toEqual(call('a', 'info'));
  expect(requestSchema.parse(notify('info'))).toEqual(notify('info'));
});

it.each([
  ['no version', { id: 1, method: 'info' }],
  ['another version', { ...call(1, 'info'), jsonrpc: '1.0' }],
  ['no method', { jsonrpc: '2.0', id: 1 }],
  ['a method that is no string', { jsonrpc: '2.0', id: 1, method: 7 }],
  ['a null id', call(null, 'info')],
  ['a fractional id', call(1.5, 'info')],
  ['an id of another kind', { ...call(1, 'info'), id: {} }],
  ['an id without end', call('x'.repeat(201), 'info')],
  ['parameters that are no structure', { ...call(1, 'info'), params: 'x' }],
  ['an array', [call(1, 'info')]],
  ['null', null],
])('a request with %s is not valid', (_what, wrong) => {
  expect(requestSchema.safeParse(wrong).success).toBe(false);
});

it('a client ignores notifications that it does not know, and unknown fields', () => {
  expect(parseReply(notify('$/weather', { rain: true }))).toBeUndefined();
  expect(parseReply({ ...answer(1, 'x'), more: 1 })).toEqual(answer(1, 'x'));
});

it.each([
  ['an unknown error code', { code: 1, message: '', data: { code: 'NEW', message: '', retry: 'never' } }],
  ['an error without our data', { code: 1, message: '' }],
])('a client refuses %s', (_what, error) => {
  expect(() => parseReply({ jsonrpc: '2.0', id: 1, error })).toThrow();
});

it('a client refuses an answer without a result, and a greeting of another protocol', () => {
  expect(() => parseReply({ jsonrpc: '2.0', id: 1 })).toThrow();
  expect(() => parseHello(notify('hello', { protocol: 'runtime-socket/3', epoch: 1, pid: 1 }))).toThrow();
  expect(() => parseHello({ protocol: 'runtime-socket/1', epoch: 1, pid: 1 })).toThrow();
});
