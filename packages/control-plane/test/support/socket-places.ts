import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentRuntimeError, errorDataSchema } from '@runtime/contracts';
import { noSuchMethod, type Channel } from '../../src/client/channel.ts';
import { maxFrameBytes } from '../../src/socket/frames.ts';
import { Door, type DoorOptions } from '../../src/socket/door.ts';

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
      if (method === 'large') return 'x'.repeat(maxFrameBytes);
      if (method === 'forever') {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
        seen.aborted.push(AgentRuntimeError.from(signal?.reason).rawMessage);
        throw AgentRuntimeError.from(signal?.reason);
      }
      if (method === 'throw') throw AgentRuntimeError.fromData(errorDataSchema.parse(params));
      if (method === 'fail')
        throw new AgentRuntimeError('NOT_FOUND', 'there is no such thing', { hint: 'use another', details: { a: 1 } });
      throw noSuchMethod(method);
    },
    async *stream(_method, { of }, { signal } = {}) {
      try {
        for (;;) {
          if (signal?.aborted) return;
          if (of === 'three' && seen.pulled === 3) return;
          if (of === 'broken' && seen.pulled === 1) throw new AgentRuntimeError('DATA_CORRUPT', 'half a line');
          yield [{ n: seen.pulled, text: of === 'flood' ? 'x'.repeat(64 * 1024) : '' }];
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

/** A door as an owner has it, without one. */
export function openDoor(path: string, options: Partial<DoorOptions> & Pick<DoorOptions, 'channel'>): Promise<Door> {
  return Door.open(path, {
    hello: { epoch: 7, pid: 42 },
    choosePath: () => Promise.resolve(path),
    announce: () => Promise.resolve(true),
    ...options,
  });
}

export async function served(options: Partial<DoorOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'sock-'));
  const path = join(dir, 's');
  const { channel, seen } = scripted();
  const server = await openDoor(path, { channel, ...options });
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
