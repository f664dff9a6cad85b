import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts/base';
import type { AppendOptions, AppendResult, EventFamily, NewEvent } from '@runtime/contracts/log';

/** What a plane in this very process does with families. Their schemas and folds are code: no channel carries them. */
export interface FamilyPort {
  append(stream: string, events: readonly NewEvent[], options: Pick<AppendOptions, 'expected'>): Promise<AppendResult>;
  state<State>(family: EventFamily<State>): Promise<State>;
}

/** Of a plane in another process, or found by another part of this one. */
export const noFamilies: FamilyPort = {
  append: () => Promise.reject(unsupported('append', 'append in the process that owns the plane')),
  state: () => Promise.reject(unsupported('state', 'read events({ types }) and fold them, or ask the owner')),
};

const unsupported = (method: string, hint: string): AgentRuntimeError =>
  new AgentRuntimeError('UNSUPPORTED', `${method} is for the process that opened the plane`, { hint, retry: 'never' });

/** The same, until `closing` is aborted; from then on every call throws its reason. */
export function whileOpen(port: FamilyPort, closing: AbortSignal): FamilyPort {
  const open = async <T>(work: () => Promise<T>): Promise<T> => {
    throwIfAborted(closing);
    try {
      return await work();
    } catch (error) {
      // The log is closed with the plane, and says less.
      if (AgentRuntimeError.from(error).code === 'UNAVAILABLE') throwIfAborted(closing);
      throw error;
    }
  };
  return {
    append: (stream, events, options) => open(() => port.append(stream, events, options)),
    state: (family) => open(() => port.state(family)),
  };
}
