/**
 * Runs tasks on agent runtimes so that nothing is lost and nothing is orphaned, whatever dies:
 * event-sourced, steerable, with recovery, fallback and approvals.
 *
 * @packageDocumentation
 */
export { openControlPlane } from './open/open-control-plane.ts';
export type { ControlPlaneOptions } from './open/open-control-plane.ts';
export { prepareDataDir } from './open/data-directory.ts';
export { findOwner } from './open/find-owner.ts';
export type { FoundOwner } from './open/find-owner.ts';
export { connectControlPlane } from './open/connect-control-plane.ts';
export type { ConnectOptions } from './open/connect-control-plane.ts';
export { openReadOnlyPlane } from './open/open-read-only-plane.ts';
export type { ReadOnlyOptions } from './open/open-read-only-plane.ts';
export { socketPath } from './socket/socket-path.ts';
export type { AdapterFactory } from './runtimes/adapters.ts';
export { fifo } from './plane/fifo.ts';
export type { FifoOptions } from './plane/fifo.ts';
export type { LeaveRequest, PlaneTuning } from './task/context.ts';
