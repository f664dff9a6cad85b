import { nodeFs, type LogFs } from '@runtime/event-log';

/** The real file system, with a disk that can be full and a sync that can fail. */
export function faultyFs() {
  const inner = nodeFs();
  const faults = { full: false, failSyncs: 0, refused: 0 };
  const fail = (code: string): never => {
    faults.refused += 1;
    throw Object.assign(new Error(code), { code });
  };
  const fs: LogFs = {
    ...inner,
    open: async (path, mode) => {
      const file = await inner.open(path, mode);
      return {
        read: (into, position) => file.read(into, position),
        write: async (bytes, position) => (faults.full ? fail('ENOSPC') : file.write(bytes, position)),
        sync: async () => {
          if (faults.failSyncs > 0) {
            faults.failSyncs -= 1;
            fail('EIO');
          }
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
