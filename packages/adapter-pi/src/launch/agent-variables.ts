import type { PiSettings } from '../options.ts';

/** Variables that we set for Pi, over those of the launch: nothing is reported home and nobody is asked to update. */
export const agentVariables = ({ offline }: Pick<PiSettings, 'offline'>): Record<string, string> => ({
  PI_TELEMETRY: '0',
  PI_SKIP_VERSION_CHECK: '1',
  ...(offline ? { PI_OFFLINE: '1' } : {}),
});
