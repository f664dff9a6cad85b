import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifactStoreConformance } from '@runtime/conformance/artifact-store';
import { FaultFs } from '@runtime/conformance/event-log';
import { memoryArtifactStore, openArtifactStore } from '../src/index.ts';

artifactStoreConformance(
  'in memory',
  async () => ({ open: async () => memoryArtifactStore(), dispose: async () => undefined }),
  { persistent: false },
);

artifactStoreConformance('in files', async () => {
  const root = await mkdtemp(join(tmpdir(), 'artifacts-'));
  return {
    open: () => openArtifactStore({ dir: join(root, 'artifacts') }),
    dispose: () => rm(root, { recursive: true }),
  };
});

artifactStoreConformance('on the fault-injecting file system, without faults', async () => {
  const fs = new FaultFs();
  return { open: () => openArtifactStore({ dir: '/artifacts', fs }), dispose: async () => undefined };
});
