import { openControlPlane } from '@runtime/control-plane';
import { adapters } from './agents.ts';

// The process that owns the data directory and serves its socket, until its parent lets go of it.
const [, , dataDir = ''] = process.argv;
const plane = await openControlPlane({ dataDir, adapters: adapters(), listen: true });
process.on('disconnect', () => void plane.close().then(() => process.exit()));
process.send?.('ready');
