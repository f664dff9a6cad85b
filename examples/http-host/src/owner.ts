/** The part of the host that owns the plane, as a plugin would be. The example loads it twice. */
import { fileURLToPath } from 'node:url';
import { local } from '@runtime/adapter-local';
import type { ControlPlane } from '@runtime/contracts';
import { fifo, openControlPlane } from '@runtime/control-plane';

export { openControlPlane };

const agent = fileURLToPath(new URL('agent.mjs', import.meta.url));
/** How far apart the lines of an agent are, in ms. */
const gapMs = 20;

/**
 * Opens the plane, and waits up to a minute for an owner that is about to leave. When another one asks for the data
 * directory it leaves, and its agents go on.
 */
export async function own(dataDir: string): Promise<ControlPlane> {
  const plane = await openControlPlane({
    dataDir,
    adapters: [local({ id: 'lines', command: [process.execPath, agent, String(gapMs)] })],
    scheduler: fifo({ concurrency: 16 }),
    lockWaitMs: 60_000,
    onLeaveRequest: () => void plane.close(),
  });
  return plane;
}
