import type { ArtifactStore } from '@runtime/contracts/artifacts';

/** The store, some of whose calls do something else. */
export const altered = (store: ArtifactStore, changes: Partial<ArtifactStore>): ArtifactStore => ({
  put: (source, options) => store.put(source, options),
  stat: (sha256, options) => store.stat(sha256, options),
  read: (sha256, options) => store.read(sha256, options),
  contents: (options) => store.contents(options),
  remove: (digests, options) => store.remove(digests, options),
  close: () => store.close(),
  ...changes,
});
