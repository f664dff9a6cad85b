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
import { slowness } from './slowness.ts';
import { Tape } from './tape.ts';
import { doesNotApply } from './not-applicable.ts';

/** A run that a case may start, with its adapter, handle and launch. */
export interface Play {
  readonly context: HarnessContext;
  readonly setup: AdapterSetup;
  readonly adapter: RuntimeAdapter;
  /** From the probe of `adapter`. */
  readonly capabilities: RuntimeCapabilities;
  readonly handle: RuntimeHandle;
  readonly launch: Launch;
}

/** What a case works with. `close` removes every process and file of the case, also when the case failed. */
export class Stage {
  readonly harness: AdapterHarness;
  /** How long one step of the agent may take, in ms. */
  readonly patienceMs: number;
  readonly #root: Promise<string>;
  readonly #setups: AdapterSetup[] = [];
  readonly #plays: Play[] = [];
  readonly #tapes: Tape[] = [];

  constructor(harness: AdapterHarness, options: ConformanceOptions = {}) {
    this.harness = harness;
    this.patienceMs = options.patienceMs ?? Math.round(10_000 * slowness());
    this.#root = mkdtemp(join(tmpdir(), 'conformance-'));
  }

  /** Prepares a run of the scenario without starting it. Throws `NotApplicable` when the agent cannot play it. */
  async play(scenario: ScenarioName, fields: Partial<Launch> = {}): Promise<Play> {
    const reason = this.harness.unplayable?.[scenario];
    if (reason !== undefined) doesNotApply(`the agent cannot play ${scenario}: ${reason}`);
    const dir = join(await this.#root, randomUUID().slice(0, 8));
    const context = {
      scenario,
      dir,
      gate: join(dir, 'gate'),
      child: join(dir, 'child'),
      witness: join(dir, 'witness'),
    };
    return this.playIn(context, fields);
  }

  /** Prepares another run with the same context. */
  async playIn(context: HarnessContext, fields: Partial<Launch> = {}): Promise<Play> {
    const handle = await makeHandle(context.dir, { taskId: `task-${randomUUID()}` });
    const setup = await this.makeSetup(context);
    const { adapter } = setup;
    const named = { ...handle, runtime: adapter.id };
    const launch = await makeLaunch(context.dir, named, {
      target: setup.target ?? { runtime: adapter.id },
      instruction: makeInstruction(setup.prompt ?? 'Do what the scenario says.'),
      ...(setup.approvals ? { approvals: setup.approvals } : {}),
      ...fields,
      env: { ...setup.env, ...fields.env },
    });
    const play = {
      context,
      setup,
      adapter,
      capabilities: (await probeAvailable(adapter)).capabilities,
      handle: named,
      launch,
    };
    this.#plays.push(play);
    return play;
  }

  /** Makes a new adapter for the same agent, as another owner would. */
  async makeSetup(context: HarnessContext): Promise<AdapterSetup> {
    const setup = await this.harness.make(context);
    this.#setups.push(setup);
    return setup;
  }

  /** Starts the run and sends its first instruction where the runtime does not take it with the launch. */
  async begin(play: Play): Promise<RuntimeSession> {
    const session = await play.adapter.start(play.launch);
    if (session.capabilities.firstInstruction === 'send') await session.send(play.launch.instruction);
    return session;
  }

  /** Reads the events of the session until they end or the case does. */
  record(session: RuntimeSession, after?: string, follow = true): Tape {
    const tape = new Tape(session, this.patienceMs, { follow, ...(after === undefined ? {} : { after }) });
    this.#tapes.push(tape);
    return tape;
  }

  /** Plays the scenario to the end of its turn, then stops the process unless it has ended by itself. */
  async playToEnd(play: Play): Promise<{ session: RuntimeSession; tape: Tape; exit: Exit }> {
    const session = await this.begin(play);
    const tape = this.record(session);
    await tape.until('the end of the turn', (events) => events.some((event) => event.type === 'turn.ended'));
    const exit = await session.stop({ graceMs: 1000 });
    await tape.end();
    return { session, tape, exit };
  }

  /** Recovers the run with a new adapter. */
  async recover(play: Play): Promise<Recovery> {
    const { adapter } = await this.makeSetup(play.context);
    return adapter.recover(play.handle, { secrets: play.launch.secrets });
  }

  /** Recovers the run with a new adapter and returns its session. Throws when the status is another one. */
  async recovered(play: Play, status: 'live' | 'ended' | 'dead'): Promise<RuntimeSession> {
    const recovery = await this.recover(play);
    if (recovery.status !== status || !('session' in recovery))
      throw new Error(`recover answered ${recovery.status} instead of ${status}`);
    return recovery.session;
  }

  /** Lets the `gate` scenario go on. */
  async openGate(play: Play): Promise<void> {
    await writeFile(play.context.gate, '');
  }

  /** What the agent itself saw. Throws `NotApplicable` when the harness brings no witness. */
  async witness(play: Play): Promise<AgentWitness> {
    if (!play.setup.witness) doesNotApply('the harness brings no witness');
    return play.setup.witness();
  }

  /** The number of live processes of the run. */
  countProcesses(handle: RuntimeHandle): Promise<number> {
    return this.harness.countProcesses?.(handle) ?? findMarked(handle.runId).then((found) => found.length);
  }

  /** Kills the run's processes so that no exit is observed. */
  async vanish(handle: RuntimeHandle): Promise<void> {
    if (this.harness.vanish) await this.harness.vanish(handle);
    else await killMarked(handle);
    await this.eventually('all processes have ended', async () => (await this.countProcesses(handle)) === 0);
  }

  /** Polls until `test` is true. Throws after `patienceMs`. */
  async eventually(what: string, test: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + this.patienceMs;
    while (!(await test())) {
      if (performance.now() > deadline) throw new Error(`waited ${this.patienceMs} ms until ${what}`);
      await sleep(20);
    }
  }

  /** Reaps every run, kills what is left, and removes the files of the case. */
  async close(): Promise<void> {
    for (const tape of this.#tapes) await tape.stopReading().catch(() => {});
    for (const { adapter, handle } of this.#plays) {
      await adapter.reap(handle).catch(() => {});
      await killMarked(handle);
    }
    for (const setup of this.#setups) await setup.dispose?.();
    await rm(await this.#root, { recursive: true, force: true });
  }
}

/** Freezes all processes of the run before it kills them, so that none of them observes the end of another. */
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

/** Probes the adapter. Throws when its runtime is unavailable. */
export async function probeAvailable(adapter: RuntimeAdapter): Promise<AgentRuntime> {
  const found = await adapter.probe();
  if (found.status === 'available') return found;
  throw new Error(`${adapter.id} is unavailable: ${found.reason}`);
}

/**
 * The error code of a call that must fail. Throws when it succeeds, or fails with anything but an AgentRuntimeError.
 */
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

/** The scenarios that an agent with these capabilities can play and that end their turn by themselves or by a crash. */
export function endingScenarios(capabilities: RuntimeCapabilities, harness: AdapterHarness): ScenarioName[] {
  const needs: Partial<Record<ScenarioName, boolean>> = {
    tool: capabilities.events === 'structured',
    pauses: capabilities.events === 'structured',
    approval: false,
    recall: false,
    gate: false,
    ignoresTerm: false,
    leavesChildren: false,
    clearsEnvironment: false,
    floods: false,
  };
  const names = Object.keys(scenarios).filter((name): name is ScenarioName => name in scenarios);
  return names.filter((name) => needs[name] !== false && harness.unplayable?.[name] === undefined);
}
