import { reapRun } from '@runtime/adapter-kit/run';
import type { AgentRuntimeError } from '@runtime/contracts';
import { specVersion, type RuntimeAdapter } from '@runtime/contracts/adapter';

/**
 * In place of an adapter that cannot be had, for instance of a definition that this version does not understand any more:
 * it ends the processes of a run by their marker, and can do nothing else.
 */
export function standIn(id: string, why: AgentRuntimeError): RuntimeAdapter {
  const { code, rawMessage: reason } = why;
  return {
    specVersion,
    id,
    probe: () => Promise.resolve({ status: 'unavailable', id, code, reason }),
    start: () => Promise.reject(why),
    recover: () => Promise.resolve({ status: 'unknowable', reason }),
    async reap(handle, call) {
      await reapRun(handle, call);
    },
  };
}
