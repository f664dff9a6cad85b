import { AgentRuntimeError, type ErrorCode } from '@runtime/contracts';

/** An error that the first calls throw. */
export interface MemoryFault {
  /** The code of the error. */
  readonly code: ErrorCode;
  /** @default says which call was made to fail */
  readonly message?: string;
  /** @default none */
  readonly hint?: string;
  /** How many calls throw, counted over the life of the adapter. @default 1 */
  readonly times?: number;
  /** The call takes effect and then throws, as when its response is lost. @default false */
  readonly afterwards?: boolean;
}

/** A call of an adapter or a session that can be made to fail. */
export type FaultyCall = 'start' | 'recover' | 'reap' | 'send' | 'answer' | 'interrupt';
/** The fault of each call; a call without one does not fail. */
export type MemoryFaults = Partial<Record<FaultyCall, MemoryFault>>;

/** Throws the faults of calls and counts them. */
export interface Faults {
  /** Throws a fault that comes before the effect of the call. */
  before(call: FaultyCall): void;
  /** Throws a fault that comes after the effect of the call. */
  after(call: FaultyCall): void;
}

/** Makes the counter of these faults. */
export function countFaults(faults: MemoryFaults): Faults {
  const thrown = new Map<FaultyCall, number>();
  const throwIf = (call: FaultyCall, afterwards: boolean): void => {
    const fault = faults[call];
    if (!fault || (fault.afterwards ?? false) !== afterwards) return;
    const count = (thrown.get(call) ?? 0) + 1;
    if (count > (fault.times ?? 1)) return;
    thrown.set(call, count);
    const hint = fault.hint === undefined ? {} : { hint: fault.hint };
    throw new AgentRuntimeError(fault.code, fault.message ?? `${call} was made to fail`, hint);
  };
  return { before: (call) => throwIf(call, false), after: (call) => throwIf(call, true) };
}
