import type { ControlPlane } from '@runtime/contracts';
import type { LoadedConfig } from '../config/load.ts';
import { writeOwnerConfig } from '../owner/owner-config.ts';
import type { ConnectContext } from './connect.ts';

/** Owns the data directory in this process and serves the control socket, so that other commands can connect. */
export async function openOwnPlane(context: ConnectContext, loaded: LoadedConfig): Promise<ControlPlane> {
  const { deps, dataDir } = context;
  const concurrency = loaded.config.defaults?.concurrency;
  const options = {
    dataDir,
    adapters: await deps.adapters(loaded.config),
    listen: true,
    ...(concurrency === undefined ? {} : { concurrency }),
  };
  const plane = context.closeAtEnd(await deps.planes.open(options));
  await writeOwnerConfig(dataDir, loaded);
  return plane;
}
