/**
 * For tests of hosts and of this package: a plane on a faulty file system, or one that is killed at a named point.
 *
 * @packageDocumentation
 */
import type { ControlPlane } from '@runtime/contracts';
import { openWithSeams, type ControlPlaneOptions, type PlaneSeams } from '../open/open-control-plane.ts';

export type { PlaneSeams } from '../open/open-control-plane.ts';
export type { MachineClocks } from '../waiting/clock.ts';
export type { Failpoint } from '../task/failpoint.ts';

/** As `openControlPlane`, with the seams that a test reaches in through. */
export function openTestPlane(options: ControlPlaneOptions & PlaneSeams): Promise<ControlPlane> {
  const { logFs, failpoint, clocks, ...rest } = options;
  return openWithSeams(rest, {
    ...(logFs ? { logFs } : {}),
    ...(failpoint ? { failpoint } : {}),
    ...(clocks ? { clocks } : {}),
  });
}
