import { join } from 'node:path';
import type { Planes } from './dependencies.ts';

/** The real planes. Their packages are loaded on first use: help and version must not wait for a database. */
export function nodePlanes(): Planes {
  return {
    async open({ concurrency, ...options }) {
      const { fifo, openControlPlane } = await import('@runtime/control-plane');
      return openControlPlane({
        ...options,
        adapters: [],
        ...(concurrency === undefined ? {} : { scheduler: fifo({ concurrency }) }),
      });
    },
    async connect(options) {
      const { connectControlPlane } = await import('@runtime/control-plane');
      return connectControlPlane(options);
    },
    async readOnly(options) {
      const { openReadOnlyPlane } = await import('@runtime/control-plane');
      return openReadOnlyPlane(options);
    },
    async socketPath(dataDir) {
      const { socketPath } = await import('@runtime/control-plane');
      return socketPath(dataDir);
    },
    async owner(dataDir) {
      const { findOwner } = await import('@runtime/control-plane');
      return findOwner({ dataDir });
    },
    async verify(dataDir) {
      const { verifyLog } = await import('@runtime/event-log');
      const report = await verifyLog({ dir: join(dataDir, 'log') });
      const problems = report.problems.map(({ file, offset, problem }) => `${file}, byte ${offset}: ${problem}`);
      return { ok: problems.length === 0, problems, report };
    },
  };
}
