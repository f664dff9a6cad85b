import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentRuntimeError, throwIfAborted, type RuntimeCapabilities } from '@runtime/contracts';
import {
  specVersion,
  type AgentRuntime,
  type Attach,
  type Launch,
  type Recovery,
  type RuntimeAdapter,
  type RuntimeHandle,
  type Unavailable,
} from '@runtime/contracts/adapter';
import { countFaults, type MemoryFaults } from './faults.ts';
import { MemoryRun } from './memory-run.ts';
import { memorySession, refuseBeyond } from './memory-session.ts';
import type { MemoryMessage, MemoryScript } from './steps.ts';
import { world } from './world.ts';

/** Options of `memoryRuntime`. */
export interface MemoryRuntimeOptions {
  /** The runtime's id, by which targets name it. @default 'memory' */
  readonly id?: string;
  /** What the agent does in each turn. @default says 'done' */
  readonly script?: MemoryScript;
  /** Capabilities that differ from `memoryCapabilities`. The runtime behaves accordingly. @default none */
  readonly capabilities?: Partial<RuntimeCapabilities>;
  /** Errors that calls throw, by call. @default none */
  readonly faults?: MemoryFaults;
  /** Makes `probe` answer that the runtime is unavailable. */
  readonly unavailable?: Pick<Unavailable, 'code' | 'reason' | 'hint'>;
  /** The models that `probe` lists. @default it lists none */
  readonly models?: readonly string[];
  /** The version of the agent, in the probe and in sessions. @default '1' */
  readonly version?: string;
  /** The commands by which a person joins a run at its terminal, in every session. @default there is no terminal */
  readonly attach?: Attach;
}

/** Every capability at its highest level; the first instruction is sent, not launched. */
export const memoryCapabilities: RuntimeCapabilities = {
  firstInstruction: 'send',
  steer: 'observed',
  followUp: true,
  interrupt: true,
  resume: 'lossless',
  reattach: true,
  approvals: true,
  events: 'structured',
  usage: true,
  inputs: ['text', 'image', 'file'],
  models: true,
};

/**
 * An agent runtime without a process: for tests of planes and hosts, and the reference of the adapter suite.
 * Its runs live in this process and outlive adapters, sessions and planes: a new adapter recovers them.
 * For another process they are `unknowable`. Each run makes a `claim` directory in its run directory.
 */
export function memoryRuntime(options: MemoryRuntimeOptions = {}): RuntimeAdapter {
  const id = options.id ?? 'memory';
  const capabilities: RuntimeCapabilities = Object.freeze({ ...memoryCapabilities, ...options.capabilities });
  const version = options.version ?? '1';
  const faults = countFaults(options.faults ?? {});
  const script: MemoryScript = options.script ?? (() => [{ do: 'say', text: 'done' }]);

  return {
    specVersion,
    id,
    async probe(call): Promise<AgentRuntime | Unavailable> {
      throwIfAborted(call?.signal);
      if (options.unavailable) return { status: 'unavailable', id, ...options.unavailable };
      return {
        status: 'available',
        id,
        version,
        capabilities,
        ...(options.models === undefined ? {} : { models: options.models }),
      };
    },
    async start(launch, call) {
      throwIfAborted(call?.signal);
      refuseLaunch(launch, id, capabilities);
      faults.before('start');
      const conversation = conversationOf(launch);
      if (!(await claim(launch.handle)))
        throw new AgentRuntimeError('CONFLICT', 'the run was already started or given up');
      if (call?.signal?.aborted) await giveUp(launch.handle);
      throwIfAborted(call?.signal);
      const run = new MemoryRun({ launch, capabilities, version, attach: options.attach, script, ...conversation });
      world.runs.set(launch.handle.runDir, run);
      try {
        faults.after('start');
      } catch (error) {
        run.end({ kind: 'signaled', signal: 'SIGKILL' });
        throw error;
      }
      return memorySession(run, faults);
    },
    async recover(handle, call): Promise<Recovery> {
      throwIfAborted(call?.signal);
      faults.before('recover');
      const run = world.runs.get(handle.runDir);
      if (run) return { status: statusOf(run), session: memorySession(run, faults) };
      if (await claim(handle)) await giveUp(handle);
      if (await wasGivenUp(handle)) return { status: 'absent' };
      return { status: 'unknowable', reason: 'the run was started by another process, and memory has no trace of it' };
    },
    async reap(handle, call) {
      throwIfAborted(call?.signal);
      faults.before('reap');
      world.runs.get(handle.runDir)?.end({ kind: 'signaled', signal: 'SIGKILL' });
      faults.after('reap');
    },
  };
}

const statusOf = (run: MemoryRun): 'live' | 'ended' | 'dead' => {
  if (!run.hasEnded) return 'live';
  return run.exit ? 'ended' : 'dead';
};

function refuseLaunch(launch: Launch, id: string, capabilities: RuntimeCapabilities): void {
  if (launch.handle.runtime !== id)
    throw new AgentRuntimeError('INVALID_ARGUMENT', `the handle is of runtime ${launch.handle.runtime}, not ${id}`);
  const { model, thinking } = launch.target;
  if (!capabilities.models && (model !== undefined || thinking !== undefined))
    throw new AgentRuntimeError('UNSUPPORTED', 'this runtime takes no model');
  if (launch.resume && capabilities.resume === 'none')
    throw new AgentRuntimeError('UNSUPPORTED', 'this runtime cannot resume');
  refuseBeyond({ ...capabilities, firstInstruction: 'send' }, launch.instruction);
}

/** The conversation to resume, or a new one named after its run. NOT_FOUND for one that this process does not know. */
function conversationOf(launch: Launch): { agentSessionId: string; history: MemoryMessage[] } {
  if (!launch.resume) {
    const agentSessionId = `memory-${launch.handle.runId}`;
    const history: MemoryMessage[] = [];
    world.conversations.set(agentSessionId, history);
    return { agentSessionId, history };
  }
  const { agentSessionId } = launch.resume;
  const history = world.conversations.get(agentSessionId);
  if (!history) throw new AgentRuntimeError('NOT_FOUND', `no such session: ${agentSessionId}`);
  return { agentSessionId, history };
}

/** Takes the right to start the run. False when a start, or a recovery that shuts late starts out, has taken it. */
function claim(handle: RuntimeHandle): Promise<boolean> {
  return mkdir(join(handle.runDir, 'claim')).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw AgentRuntimeError.from(error, 'UNAVAILABLE');
    },
  );
}

const givenUp = (handle: RuntimeHandle): string => join(handle.runDir, 'claim', 'given-up');
const giveUp = (handle: RuntimeHandle): Promise<void> => writeFile(givenUp(handle), '');
const wasGivenUp = (handle: RuntimeHandle): Promise<boolean> =>
  stat(givenUp(handle)).then(
    () => true,
    () => false,
  );
