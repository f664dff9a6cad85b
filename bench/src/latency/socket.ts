import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectControlPlane } from '@runtime/control-plane';
import type { Contender } from '../harness/contender.ts';
import { subscribe } from './subscribe.ts';

/** A subscriber in another process, over the control socket. */
export default async function socket(dir: string): Promise<Contender> {
  const dataDir = join(dir, 'data');
  const sockets = join(dir, 'sockets');
  await mkdir(sockets);
  await chmod(sockets, 0o700);
  process.env['XDG_RUNTIME_DIR'] = sockets;
  const owner = fork(fileURLToPath(new URL('./owner.ts', import.meta.url)), [dataDir]);
  const ended = once(owner, 'exit');
  await Promise.race([
    once(owner, 'message'),
    ended.then(([code]) => {
      throw new Error(`the owner ended with ${String(code)}`);
    }),
  ]);
  const plane = await connectControlPlane({ dataDir });
  return {
    run: (params) => subscribe(plane, dir, params),
    close: async () => {
      await plane.close();
      owner.disconnect();
      await ended;
    },
  };
}
