import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findMarked } from '@runtime/adapter-kit/process';
import { AgentRuntimeError, type RuntimeCapabilities } from '@runtime/contracts';
import type {
  AgentRuntime,
  Exit,
  Launch,
  Recovery,
  RuntimeAdapter,
  RuntimeHandle,
  RuntimeSession,
} from '@runtime/contracts/adapter';
import { makeHandle, makeInstruction, makeLaunch } from './handles.ts';
import type { AdapterHarness, AdapterSetup, AgentWitness, ConformanceOptions, HarnessContext } from './harness.ts';
import { scenarios, type ScenarioName } from './scenarios.ts';
import { Tape } from './tape.ts';
import { doesNotApply } from './not-applicable.ts';

/** A run that a case may start, with everything that belongs to it. */
export interface Play {
  readonly context: HarnessContext;
  readonly setup: AdapterSetup;
  readonly adapter: RuntimeAdapter;
  /** As probed. */
  readonly capabilities: RuntimeCapabilities;
  readonly handle: RuntimeHandle;
  readonly launch: Launch;
}

/** The place where a case is played. It removes everything that was started, whatever became of the case. */
export class Bench {
  readonly harness: AdapterHarness;
  readonly patienceMs: number;
  readonly #root: Promise<string>;
  readonly #setups: AdapterSetup[] = [];
  readonly #plays: Play[] = [];
  readonly #tapes: Tape[] = [];

  constructor(harness: AdapterHarness, options: ConformanceOptions = {}) {
    this.harness = harness;
    this.patienceMs = options.patienceMs ?? 10_000;
    this.#root = mkdtemp(join(tmpdir(), 'conformance-'));
  }

  /** A run of the scenario, not started. Leaves the case when the agent cannot play it. */
  async play(scenario: ScenarioName, fields: Partial<Launch> = {}): Promise<Play> {
    const reason = this.harness.unplayable?.[scenario];
    if (reason !== undefined) doesNotApply(`the agent cannot play ${scenario}: ${reason}`);
    const dir = join(await this.#root, randomUUID().slice(0, 8));
    const context = { scenario, dir, gate: join(dir, 'gate'), witness: join(dir, 'witness') };
    return this.playIn(context, fields);
  }

  /** A further run in the same context. */
  async playIn(context: HarnessContext, fields: Partial<Launch> = {}): Promise<Play> {
    const handle = await makeHandle(context.dir, { taskId: `task-${randomUUID()}` });
    const setup = await this.make(context);
    const { adapter } = setup;
    const named = { ...handle, runtime: adapter.id };
    const launch = await makeLaunch(context.dir, named, {
      target: setup.target ?? { runtime: adapter.id },
      instruction: makeInstruction(setup.prompt ?? 'Do what the scenario says.'),
      ...(setup.approvals ? { approvals: setup.approvals } : {}),
      ...fields,
      env: { ...setup.env, ...fields.env },
    });
    const play = { context, setup, adapter, capabilities: (await probed(adapter)).capabilities, handle: named, launch };
    this.#plays.push(play);
    return play;
  }

  /** A fresh adapter for the same agent, as another owner would make it. */
  async make(context: HarnessContext): Promise<AdapterSetup> {
    const setup = await this.harness.make(context);
    this.#setups.push(setup);
    return setup;
  }

  /** Starts the run and gives it its first instruction, by whichever way the runtime takes it. */
  async begin(play: Play): Promise<RuntimeSession> {
    const session = await play.adapter.start(play.launch);
    if (session.capabilities.firstInstruction === 'send') await session.send(play.launch.instruction);
    return session;
  }

  record(session: RuntimeSession, after?: string): Tape {
    const tape = new Tape(session, this.patienceMs, after);
    this.#tapes.push(tape);
    return tape;
  }

  /** Plays the scenario until its process has ended: by itself, or stopped once the turn is over. */
  async playToEnd(play: Play): Promise<{ session: RuntimeSession; tape: Tape; exit: Exit }> {
    const session = await this.begin(play);
    const tape = this.record(session);
    await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    const exit = await session.stop({ graceMs: 1000 });
    await tape.end();
    return { session, tape, exit };
  }

  /** What a fresh adapter finds. */
  async recover(play: Play): Promise<Recovery> {
    const { adapter } = await this.make(play.context);
    return adapter.recover(play.handle, { secrets: play.launch.secrets });
  }

  /** The session of a recovery with this status. Anything else throws. */
  async recovered(play: Play, status: 'live' | 'ended' | 'dead'): Promise<RuntimeSession> {
    const recovery = await this.recover(play);
    if (recovery.status !== status || !('session' in recovery))
      throw new Error(`recover answered ${recovery.status} instead of ${status}`);
    return recovery.session;
  }

  async openGate(play: Play): Promise<void> {
    await writeFile(play.context.gate, '');
  }

  async witness(play: Play): Promise<AgentWitness> {
    if (!play.setup.witness) doesNotApply('the harness brings no witness');
    return play.setup.witness();
  }

  countProcesses(handle: RuntimeHandle): Promise<number> {
    return this.harness.countProcesses?.(handle) ?? findMarked(handle.runId).then((found) => found.length);
  }

  /** Takes the run's processes away with nobody seeing it. */
  async vanish(handle: RuntimeHandle): Promise<void> {
    if (this.harness.vanish) await this.harness.vanish(handle);
    else await killMarked(handle);
    await this.eventually('all processes are gone', async () => (await this.countProcesses(handle)) === 0);
  }

  /** Waits until it is so, within the patience. */
  async eventually(what: string, test: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + this.patienceMs;
    while (!(await test())) {
      if (performance.now() > deadline) throw new Error(`waited ${this.patienceMs} ms until ${what}`);
      await sleep(20);
    }
  }

  /** Removes what the case left. Throws when a process of a run outlives even this. */
  async close(): Promise<void> {
    for (const tape of this.#tapes) await tape.letGo().catch(() => {});
    for (const { adapter, handle } of this.#plays) {
      await adapter.reap(handle).catch(() => {});
      await killMarked(handle);
    }
    for (const setup of this.#setups) await setup.dispose?.();
    await rm(await this.#root, { recursive: true, force: true });
  }
}

/** Stops all processes of the run first, so that none of them sees another one end. */
async function killMarked({ runId }: RuntimeHandle): Promise<void> {
  const found = await findMarked(runId);
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
    for (const { pid } of found) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}

/** The runtime that the adapter finds; an Unavailable throws. */
export async function probed(adapter: RuntimeAdapter): Promise<AgentRuntime> {
  const found = await adapter.probe();
  if (found.status === 'available') return found;
  throw new Error(`${adapter.id} is unavailable: ${found.reason}`);
}

/** The code with which a call was refused; throws when it was not, or when what it threw is not one of our errors. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  let error: unknown;
  try {
    await call;
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) throw new Error('the call was not refused');
  if (!AgentRuntimeError.isInstance(error))
    throw new Error('what was thrown is no AgentRuntimeError', { cause: error });
  return error.code;
}

/** All scenarios that can be played by an agent with these capabilities and that end their turn by themselves or by a crash. */
export function endingScenarios(capabilities: RuntimeCapabilities, harness: AdapterHarness): ScenarioName[] {
  const needs: Partial<Record<ScenarioName, boolean>> = {
    tool: capabilities.events === 'structured',
    approval: false,
    recall: false,
    gate: false,
    ignoresTerm: false,
    leavesChildren: false,
  };
  const names = Object.keys(scenarios).filter((name): name is ScenarioName => name in scenarios);
  return names.filter((name) => needs[name] !== false && harness.unplayable?.[name] === undefined);
}
