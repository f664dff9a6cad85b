import type { FaultFs } from '@runtime/conformance/event-log';
import type { LogFile, LogFs } from '../../src/testing.ts';

/** A disk by its methods, so that one of them can be replaced. */
export const delegatedFs = (disk: FaultFs): LogFs => ({
  open: (path, mode) => disk.open(path, mode),
  makeDir: () => disk.makeDir(),
  list: (path) => disk.list(path),
  rename: (from, to) => disk.rename(from, to),
  remove: (path) => disk.remove(path),
  syncDir: (path) => disk.syncDir(path),
});

/** As `delegatedFs`, of a file. */
export const delegatedFile = (file: LogFile): LogFile => ({
  read: (into, position) => file.read(into, position),
  write: (bytes, position) => file.write(bytes, position),
  sync: () => file.sync(),
  truncate: (length) => file.truncate(length),
  size: () => file.size(),
  isAt: (path) => file.isAt(path),
  lengthAt: (path) => file.lengthAt(path),
  close: () => file.close(),
});
