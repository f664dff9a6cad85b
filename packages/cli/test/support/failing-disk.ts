import { existsSync } from 'node:fs';
import { fifo } from '@runtime/control-plane';
import { openTestPlane } from '@runtime/control-plane/testing';
import { nodeFs, type LogFs } from '@runtime/event-log/testing';
import type { Planes } from '../../src/host/dependencies.ts';

/** The real file system, on a disk whose syncs fail for as long as a file is there. */
function failingFs(sign: string): LogFs {
  const inner = nodeFs();
  const fail = (): void => {
    if (existsSync(sign)) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  };
  return {
    ...inner,
    open: async (path, mode) => {
      const file = await inner.open(path, mode);
      return {
        ...file,
        write: async (bytes, position) => {
          // Such a write is its own sync.
          if (mode === 'write-durable') fail();
          return file.write(bytes, position);
        },
        sync: async () => {
          fail();
          await file.sync();
        },
      };
    },
  };
}

/** Opens planes on a disk that fails once the file `sign` is there. */
export function openOnFailingDisk(sign: string): Planes['open'] {
  return ({ concurrency, ...options }) =>
    openTestPlane({
      ...options,
      adapters: [],
      ...(concurrency === undefined ? {} : { scheduler: fifo({ concurrency }) }),
      logFs: failingFs(sign),
    });
}
