import { join } from 'node:path';
import type { Planes } from './dependencies.ts';

/** The real planes. Their packages are loaded on first use: help and version must not wait for a database. */
export function nodePlanes(): Planes {
  return {
    async open({ concurrency, ...options }) {
      const { fifo, openControlPlane } = await import('@runtime/control-plane');
      const plane = await openControlPlane({
        ...options,
        adapters: [],
        ...(concurrency === undefined ? {} : { scheduler: fifo({ concurrency }) }),
      });
      // What cannot be loaded says so when it is needed.
      await loadAhead().catch(() => undefined);
      return plane;
    },
    async connect(options) {
      const { connectControlPlane } = await import('@runtime/control-plane/client');
      return connectControlPlane(options);
    },
    async readOnly(options) {
      const { openReadOnlyPlane } = await import('./read-only-plane.ts');
      return openReadOnlyPlane(options);
    },
    async socketPath(dataDir) {
      const { socketPath } = await import('./reading-planes.ts');
      return socketPath(dataDir);
    },
    async owner(dataDir) {
      const { findOwner } = await import('./reading-planes.ts');
      return findOwner({ dataDir });
    },
    async verify(dataDir) {
      const { verifyLog } = await import('./reading-planes.ts');
      const report = await verifyLog({ dir: join(dataDir, 'log') });
      const problems = report.problems.map(({ file, offset, problem }) => `${file}, byte ${offset}: ${problem}`);
      return { ok: problems.length === 0, problems, report };
    },
  };
}

/**
 * An owner lives for days, and an update replaces the files of its program meanwhile: whatever it may need later, it
 * loads now, while its socket answers already.
 */
async function loadAhead(): Promise<void> {
  const [{ loadAdapters }, { loadRunProgram }] = await Promise.all([
    import('@runtime/adapters'),
    import('@runtime/adapter-kit/process'),
    import('@runtime/artifacts'),
  ]);
  await Promise.all([loadAdapters(), loadRunProgram()]);
}
