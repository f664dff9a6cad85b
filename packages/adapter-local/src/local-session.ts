import { stopRun } from '@runtime/adapter-kit/run';
import { SingleReader } from '@runtime/adapter-kit/source';
import { throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { RuntimeSession } from '@runtime/contracts/adapter';
import { localCapabilities } from './capabilities.ts';
import { runEvents, type ReadableRun } from './events.ts';
import { unsupported } from './refusals.ts';

/** A session over a run's files: as good for one that was just started as for one that another owner left. */
export function localSession(run: ReadableRun, version: string): RuntimeSession {
  const reader = new SingleReader();
  return {
    capabilities: localCapabilities,
    version,
    events: (options = {}) => reader.read((signal) => runEvents(run, { ...options, signal }), options),
    send: (_, options) => refuse('instructions after its launch', options),
    answer: (_, __, options) => refuse('approvals', options),
    interrupt: (options) => refuse('interrupts', options),
    stop: (options) => stopRun(run.handle, options),
    async [Symbol.asyncDispose]() {
      reader.release();
    },
  };
}

async function refuse(what: string, options: CallOptions | undefined): Promise<never> {
  throwIfAborted(options?.signal);
  throw unsupported(what);
}
