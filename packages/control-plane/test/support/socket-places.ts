import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { expect } from 'vitest';
import type { Channel } from '../../src/client/channel.ts';
import { FrameReader } from '../../src/socket/frames.ts';
import { serveSocket } from '../../src/socket/socket-server.ts';

interface Seen {
  readonly calls: string[];
  readonly aborted: string[];
  pulled: number;
  returned: number;
}

/** A plane that knows a few methods, and what was done to it. */
export function scripted(): { channel: Channel; seen: Seen } {
  const seen: Seen = { calls: [], aborted: [], pulled: 0, returned: 0 };
  const channel: Channel = {
    lost: new Promise(() => undefined),
    async call(method, params, { signal } = {}) {
      seen.calls.push(method);
      if (method === 'echo') return params;
      if (method === 'nothing') return undefined;
      if (method === 'forever') {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
        seen.aborted.push(AgentRuntimeError.from(signal?.reason).rawMessage);
        throw AgentRuntimeError.from(signal?.reason);
      }
      throw new AgentRuntimeError('NOT_FOUND', `there is no method ${method}`, {
        hint: 'ask for echo',
        details: { a: 1 },
      });
    },
    async *stream(method, _params, { signal } = {}) {
      try {
        for (;;) {
          if (signal?.aborted) return;
          if (method === 'three' && seen.pulled === 3) return;
          if (method === 'broken' && seen.pulled === 1) throw new AgentRuntimeError('DATA_CORRUPT', 'half a line');
          yield [{ n: seen.pulled, text: method === 'flood' ? 'x'.repeat(64 * 1024) : '' }];
          seen.pulled += 1;
        }
      } finally {
        seen.returned += 1;
      }
    },
    close: () => Promise.resolve(),
  };
  return { channel, seen };
}

export async function served() {
  const dir = await mkdtemp(join(tmpdir(), 'sock-'));
  const path = join(dir, 's');
  const { channel, seen } = scripted();
  const server = await serveSocket(path, channel, { epoch: 7, pid: 42 });
  return {
    path,
    seen,
    server,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A client by hand. */
export async function dial(path: string) {
  const socket = connect(path);
  await once(socket, 'connect');
  const reader = new FrameReader();
  const frames: unknown[] = [];
  socket.on('data', (chunk) => frames.push(...reader.push(chunk)));
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
    say: (frame: unknown) => socket.write(`${JSON.stringify(frame)}\n`),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await Promise.resolve();
    },
  };
}
export const call = (id: number, method: string, params: object = {}) => ({ id, kind: 'call', method, params });
export const error = (id: number, code: string) => ({ id, kind: 'error', error: expect.objectContaining({ code }) });
