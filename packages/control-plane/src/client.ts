/**
 * A client of a plane that another process owns, for programs that start often or stay small: loads no schemas, no event
 * log and nothing of adapters before it connects.
 *
 * @packageDocumentation
 */
export { connectControlPlane } from './open/connect-control-plane.ts';
export type { ConnectOptions } from './open/connect-control-plane.ts';
