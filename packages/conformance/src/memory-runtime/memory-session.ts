import { setTimeout as sleep } from 'node:timers/promises';
import {
  AgentRuntimeError,
  abortable,
  throwIfAborted,
  type Decision,
  type Instruction,
  type RuntimeCapabilities,
} from '@runtime/contracts';
import type { Exit, ReadEventsOptions, RuntimeSession, SourceBatch } from '@runtime/contracts/adapter';
import type { Faults } from './faults.ts';
import type { MemoryRun } from './memory-run.ts';

const unobservedExit: Exit = { kind: 'unknown', why: 'the run vanished before its exit was observed' };

/** A session over a run in this process. Disposing it ends its reading and leaves the run alone. */
export function memorySession(run: MemoryRun, faults: Faults): RuntimeSession {
  const { capabilities, version, agentSessionId, attach } = run.init;
  const disposed = new AbortController();
  let reading = false;

  async function* events(options: ReadEventsOptions = {}): AsyncGenerator<SourceBatch, void, undefined> {
    if (reading) throw new AgentRuntimeError('CONFLICT', 'the session has a reader already');
    reading = true;
    try {
      yield* run.journal.read(options, AbortSignal.any([disposed.signal, ...(options.signal ? [options.signal] : [])]));
    } finally {
      reading = false;
    }
  }

  return {
    capabilities,
    version,
    agentSessionId,
    ...(attach ? { attach } : {}),
    events,
    async send(instruction, options) {
      throwIfAborted(options?.signal);
      refuseBeyond(capabilities, instruction);
      refuseUnmet(run, instruction);
      faults.before('send');
      run.accept(instruction);
      faults.after('send');
    },
    async answer(approvalId: string, decision: Decision | 'cancelled', options) {
      throwIfAborted(options?.signal);
      if (!capabilities.approvals) throw unsupported('approvals');
      faults.before('answer');
      run.answer(approvalId, decision);
      faults.after('answer');
    },
    async interrupt(options) {
      throwIfAborted(options?.signal);
      if (!capabilities.interrupt) throw unsupported('interrupt');
      faults.before('interrupt');
      await run.interrupt();
      faults.after('interrupt');
    },
    async stop(options = {}) {
      await abortable(stop(run, options.graceMs ?? 5000), options.signal);
      return run.exit ?? unobservedExit;
    },
    async [Symbol.asyncDispose]() {
      disposed.abort();
    },
  };
}

async function stop(run: MemoryRun, graceMs: number): Promise<void> {
  if (run.hasEnded) return;
  if (!run.ignoresStop) return run.end({ kind: 'signaled', signal: 'SIGTERM' });
  await sleep(graceMs);
  run.end({ kind: 'signaled', signal: 'SIGKILL' });
}

function unsupported(what: string): AgentRuntimeError {
  return new AgentRuntimeError('UNSUPPORTED', `this runtime does not support ${what}`);
}

/** Throws UNSUPPORTED for an instruction that the capabilities do not cover. */
export function refuseBeyond(capabilities: RuntimeCapabilities, { mode, parts }: Instruction): void {
  if (mode === 'steer' && capabilities.steer === 'none') throw unsupported('steer');
  if (mode === 'followUp' && !capabilities.followUp) throw unsupported('follow-ups');
  if (mode === 'prompt' && capabilities.firstInstruction === 'launch' && !capabilities.followUp) {
    throw unsupported('instructions after the launch');
  }
  const beyond = parts.find((part) => !capabilities.inputs.includes(part.type));
  if (beyond) throw unsupported(`input of type ${beyond.type}`);
}

/** Throws CONFLICT for an instruction whose condition does not hold. */
function refuseUnmet(run: MemoryRun, { mode, ifTurn, expiresAt }: Instruction): void {
  const conflict = (why: string): AgentRuntimeError =>
    new AgentRuntimeError('CONFLICT', `${why}; the instruction was not sent`);
  if (run.hasEnded) throw conflict('the run has ended');
  if (ifTurn !== undefined && ifTurn !== run.turnId) throw conflict(`turn ${ifTurn} is not running`);
  if (expiresAt !== undefined && expiresAt <= Date.now()) throw conflict('the instruction has expired');
  if (mode === 'prompt' && run.turnId !== undefined) throw conflict(`turn ${run.turnId} is running`);
}
