import type { FaultFs } from '@runtime/conformance/event-log';
import type { LogFs } from '../../src/testing.ts';

/** The same disk, whose files are opened in another way. */
export const opening = (disk: FaultFs, open: LogFs['open']): LogFs => ({
  open,
  makeDir: () => disk.makeDir(),
  list: (path) => disk.list(path),
  rename: (from, to) => disk.rename(from, to),
  remove: (path) => disk.remove(path),
  syncDir: (path) => disk.syncDir(path),
});
