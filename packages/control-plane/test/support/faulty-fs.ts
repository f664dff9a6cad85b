import { nodeFs, type LogFs } from '@runtime/event-log';

/** The real file system, with a disk that can be full and a sync that can fail. */
export function faultyFs() {
  const inner = nodeFs();
  const faults = { full: false, failSyncs: 0, refused: 0 };
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
        close: () => file.close(),
      };
    },
  };
  return { fs, faults };
}
