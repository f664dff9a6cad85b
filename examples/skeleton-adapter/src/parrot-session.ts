import { stopRun } from '@runtime/adapter-kit/run';
import { SingleReader } from '@runtime/adapter-kit/source';
import { throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { RuntimeSession } from '@runtime/contracts/adapter';
import { parrotCapabilities } from './capabilities.ts';
import { runEvents, type ReadableRun } from './events.ts';
import { unsupported } from './refusals.ts';

// #region skeleton-session
/** A session over a run's files: the same for a run that was just started and for one that another owner left. */
export function parrotSession(run: ReadableRun): RuntimeSession {
  const reader = new SingleReader();
  return {
    capabilities: parrotCapabilities,
    version: 'unknown',
    events: (options = {}) => reader.read((signal) => runEvents(run, { ...options, signal }), options),
    send: (_, options) => refuse('instructions after its launch', options),
    answer: (_, __, options) => refuse('approvals', options),
    interrupt: (options) => refuse('interrupts', options),
    stop: (options) => stopRun(run.handle, options),
    async [Symbol.asyncDispose]() {
      reader.release(); // and nothing else: disposing never ends an agent
    },
  };
}
// #endregion

async function refuse(what: string, options: CallOptions | undefined): Promise<never> {
  throwIfAborted(options?.signal);
  throw unsupported(what);
}
