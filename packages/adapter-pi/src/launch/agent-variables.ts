import type { PiSettings } from '../options.ts';

/** Variables that override those of the launch: no telemetry, no update check. */
export const agentVariables = ({ offline }: Pick<PiSettings, 'offline'>): Record<string, string> => ({
  PI_TELEMETRY: '0',
  PI_SKIP_VERSION_CHECK: '1',
  ...(offline ? { PI_OFFLINE: '1' } : {}),
});
