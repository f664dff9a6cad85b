import { AgentRuntimeError, type ErrorCode } from '@runtime/contracts';

/** An error that a call throws for some time. */
export interface MemoryFault {
  readonly code: ErrorCode;
  readonly message?: string;
  readonly hint?: string;
  /** How many calls throw. @default 1 */
  readonly times?: number;
  /** The call takes effect and then throws, as when an answer gets lost. @default false */
  readonly afterwards?: boolean;
}

export type FaultyCall = 'start' | 'recover' | 'reap' | 'send' | 'answer' | 'interrupt';
export type MemoryFaults = Partial<Record<FaultyCall, MemoryFault>>;

/** Counts down what the faults have left. */
export interface Faults {
  /** Throws what is to be thrown before the effect. */
  before(call: FaultyCall): void;
  /** Throws what is to be thrown once it has happened. */
  after(call: FaultyCall): void;
}

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
