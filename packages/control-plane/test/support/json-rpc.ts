import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'vitest';
import { FrameReader } from '../../src/socket/frames.ts';

/** A client by hand: what it received, and whether the server has hung up. */
export async function dial(path: string) {
  const socket = connect(path);
  await once(socket, 'connect');
  const reader = new FrameReader();
  const frames: unknown[] = [];
  socket.on('data', (chunk) => frames.push(...reader.read(chunk)));
  let closed = false;
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => undefined);
  return {
    socket,
    frames,
    get closed() {
      return closed;
    },
    send: (frame: unknown) => socket.write(`${JSON.stringify(frame)}\n`),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await Promise.resolve();
    },
  };
}

type Id = number | string | null;
const jsonrpc = '2.0';

export const call = (id: Id, method: string, params: object = {}) => ({ jsonrpc, id, method, params });
export const notify = (method: string, params: object = {}) => ({ jsonrpc, method, params });
export const cancel = (id: Id) => notify('$/cancelRequest', { id });
export const answer = (id: Id, result: unknown) => ({ jsonrpc, id, result });
/** An answer with an error of ours in `data`, and any number. */
export const failed = (id: Id, code: string, number: unknown = expect.any(Number)) => ({
  jsonrpc,
  id,
  error: { code: number, message: expect.any(String), data: expect.objectContaining({ code }) },
});
