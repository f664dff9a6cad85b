import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { ControlPlane } from '@runtime/contracts';
import { connectControlPlane } from '@runtime/control-plane';
import { loadOwner } from './copies.ts';
import { startHeartbeat } from './heartbeat.ts';
import { httpServer } from './http-server.ts';

/** A running host. */
export interface Host {
  readonly url: string;
  /** Without them it answers 401. */
  readonly headers: { readonly authorization: string };
  /** The plane of whoever owns the data directory: after a handover, that of the next owner. */
  readonly plane: ControlPlane;
  /** Has another copy of the module take over the data directory, while everything goes on. */
  readonly handOver: () => Promise<void>;
  /** Agents go on. */
  readonly close: () => Promise<void>;
}

export async function openHost(dataDir: string, workspace: string): Promise<Host> {
  const [first, second] = [await loadOwner(1), await loadOwner(2)];
  assert.notEqual(first.openControlPlane, second.openControlPlane, 'two copies of the package');
  let owner = await first.own(dataDir);
  const plane = await connectControlPlane({ dataDir, waitMs: 60_000 });
  const heartbeat = startHeartbeat();
  const token = randomBytes(32).toString('hex');
  const server = httpServer({ plane, heartbeat, workspace, token }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    headers: { authorization: `Bearer ${token}` },
    plane,
    handOver: async () => {
      const before = owner;
      const taking = second.own(dataDir);
      await plane.leave({ by: 'copy 2', why: 'the module was loaded again' });
      owner = await taking;
      assert.equal(await before.closed, undefined, 'copy 1 closed its plane');
    },
    close: async () => {
      heartbeat.stop();
      server.close();
      server.closeAllConnections();
      await plane.close();
      await owner.close();
    },
  };
}
