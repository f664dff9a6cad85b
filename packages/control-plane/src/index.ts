/**
 * Runs tasks on agent runtimes so that nothing is lost and nothing is orphaned, whatever dies:
 * event-sourced, steerable, with recovery, fallback and approvals.
 *
 * @packageDocumentation
 */
export { openControlPlane } from './open-control-plane.ts';
export type { ControlPlaneOptions } from './open-control-plane.ts';
export { connectControlPlane } from './connect-control-plane.ts';
export type { ConnectOptions } from './connect-control-plane.ts';
export { openReadOnlyPlane } from './open-read-only-plane.ts';
export { socketPath } from './socket/socket-path.ts';
export { fifo } from './fifo.ts';
export type { FifoOptions } from './fifo.ts';
export type { Failpoint } from './failpoint.ts';
export type { PlaneTuning } from './context.ts';
