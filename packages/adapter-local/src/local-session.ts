import { stopRun } from '@runtime/adapter-kit/run';
import { SingleReader } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, throwIfAborted, type CallOptions, type RuntimeCapabilities } from '@runtime/contracts';
import type { RuntimeSession } from '@runtime/contracts/adapter';
import { runEvents, type RunFiles } from './run-events.ts';

/** What a command is, however it was started or found again. */
export const localCapabilities: RuntimeCapabilities = Object.freeze<RuntimeCapabilities>({
  firstInstruction: 'launch',
  steer: 'none',
  followUp: false,
  interrupt: false,
  resume: 'none',
  reattach: true,
  approvals: false,
  events: 'output',
  usage: false,
  inputs: ['text', 'file'],
  models: false,
});

/** A session over a run's files: as good for one that was just started as for one that another owner left. */
export function localSession(run: RunFiles, version: string): RuntimeSession {
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
  throw new AgentRuntimeError('UNSUPPORTED', `a local command takes no ${what}`, {
    hint: 'run the task on a runtime that does, such as pi',
  });
}
