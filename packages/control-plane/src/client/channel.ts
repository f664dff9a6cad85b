import type { AgentRuntimeError, CallOptions } from '@runtime/contracts';

/**
 * The way to a plane, in this process or in another: plain data in, plain data out, never a class or a schema of ours.
 */
export interface Channel {
  /** Throws what the plane throws; UNAVAILABLE when the plane is gone. Aborting `signal` ends the call. */
  call(method: string, params: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<unknown>;
  /** Pulled batch by batch: a reader that does not pull holds nothing up but itself. */
  stream(
    method: string,
    params: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): AsyncIterable<readonly unknown[]>;
  /** Resolves with the reason when the other side went away by itself. */
  readonly lost: Promise<AgentRuntimeError>;
  close(): Promise<void>;
}
