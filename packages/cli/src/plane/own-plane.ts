import type { ControlPlane } from '@runtime/contracts';
import type { LoadedConfig } from '../config/load.ts';
import type { OpenPlaneOptions } from '../host/dependencies.ts';
import { writeOwnerConfig } from '../owner/owner-config.ts';
import type { ConnectContext } from './connect.ts';

/** Owns the data directory in this process and serves the control socket, so that other commands can connect. */
export async function openOwnPlane(
  context: ConnectContext,
  loaded: LoadedConfig,
  onLeaveRequest: NonNullable<OpenPlaneOptions['onLeaveRequest']>,
): Promise<ControlPlane> {
  const { deps, dataDir } = context;
  const concurrency = loaded.config.defaults?.concurrency;
  const options = {
    dataDir,
    adapters: await deps.adapters(loaded.config),
    listen: true,
    version: deps.version,
    onLeaveRequest,
    ...(concurrency === undefined ? {} : { concurrency }),
  };
  const plane = context.closeAtEnd(await deps.planes.open(options));
  await writeOwnerConfig(dataDir, loaded);
  return plane;
}
