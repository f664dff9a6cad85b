import type { ControlPlane, RuntimeDefinition } from '@runtime/contracts';
import type { ConnectContext } from './connect.ts';

/** Owns the data directory in this process and serves the control socket, so that other commands can connect. */
export async function openOwnPlane(context: ConnectContext, concurrency: number): Promise<ControlPlane> {
  const { deps, dataDir } = context;
  const options = {
    dataDir,
    createAdapter: (id: string, definition: RuntimeDefinition) => deps.createAdapter(id, definition),
    listen: true,
    concurrency,
  };
  return context.closeAtEnd(await deps.planes.open(options));
}
