import { nodeFs, type LogFs } from '@runtime/event-log/testing';

/**
 * The real file system, with a disk that can be full, syncs and closes that can fail, and a count of the files that are
 * open.
 */
export function faultyFs() {
  const inner = nodeFs();
  const faults = { full: false, failSyncs: 0, failCloses: false, refused: 0, open: 0 };
  const fail = (code: string): never => {
    faults.refused += 1;
    throw Object.assign(new Error(code), { code });
  };
  const breakSync = (): void => {
    if (faults.failSyncs <= 0) return;
    faults.failSyncs -= 1;
    fail('EIO');
  };
  const fs: LogFs = {
    ...inner,
    open: async (path, mode) => {
      const file = await inner.open(path, mode);
      faults.open += 1;
      return {
        read: (into, position) => file.read(into, position),
        write: async (bytes, position) => {
          if (faults.full) fail('ENOSPC');
          // Such a write is its own sync.
          if (mode === 'write-durable') breakSync();
          return file.write(bytes, position);
        },
        sync: async () => {
          breakSync();
          await file.sync();
        },
        truncate: (length) => file.truncate(length),
        size: () => file.size(),
        isAt: (at) => file.isAt(at),
        lengthAt: (at) => file.lengthAt(at),
        close: async () => {
          await file.close();
          faults.open -= 1;
          if (faults.failCloses) fail('EIO');
        },
      };
    },
  };
  return { fs, faults };
}
