import type { ControlPlane, RuntimeDefinition } from '@runtime/contracts';
import type { OpenPlaneOptions } from '../host/dependencies.ts';
import type { ConnectContext } from './connect.ts';

/** Owns the data directory in this process and serves the control socket, so that other commands can connect. */
export async function openOwnPlane(
  context: ConnectContext,
  concurrency: number,
  onLeaveRequest: NonNullable<OpenPlaneOptions['onLeaveRequest']>,
): Promise<ControlPlane> {
  const { deps, dataDir } = context;
  const options = {
    dataDir,
    createAdapter: (id: string, definition: RuntimeDefinition) => deps.createAdapter(id, definition),
    listen: true,
    concurrency,
    version: deps.version,
    onLeaveRequest,
  };
  return context.closeAtEnd(await deps.planes.open(options));
}
