import { AgentRuntimeError, type CallOptions } from '@runtime/contracts/base';

/** The methods that answer with a stream of items, each with its cursor, and are asked through `stream`. Every other is a call. */
export const streamMethods: ReadonlySet<string> = new Set(['events', 'artifact.read']);

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

/** What every channel throws for a method that it does not have. The name is in `details.method`. */
export function noSuchMethod(name: string): AgentRuntimeError {
  const method = name.slice(0, 80);
  return new AgentRuntimeError('NOT_FOUND', `there is no method ${JSON.stringify(method)}`, { details: { method } });
}

/** True for the error of `noSuchMethod`, from any copy of this module. */
export const isNoSuchMethod = ({ code, details }: AgentRuntimeError): boolean =>
  code === 'NOT_FOUND' && typeof details?.['method'] === 'string';
