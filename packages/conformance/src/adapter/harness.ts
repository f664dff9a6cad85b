import type { Target } from '@runtime/contracts';
import type { Launch, RuntimeAdapter, RuntimeHandle } from '@runtime/contracts/adapter';
import type { ScenarioName } from './scenarios.ts';

/** The scenario and the paths for which a harness sets up its agent. Plain data: another process gets it as JSON. */
export interface HarnessContext {
  readonly scenario: ScenarioName;
  /** A directory for this case alone, in which the harness may put files. The suite removes it afterwards. */
  readonly dir: string;
  /** Absolute path. The `gate` scenario goes on once this file exists. */
  readonly gate: string;
  /** Absolute path. The child of the `clearsEnvironment` scenario writes its pid here. */
  readonly child: string;
  /** Absolute path of the file in which the agent records what it saw, in the harness's own format. */
  readonly witness: string;
}

/** What the agent itself saw. Nothing else proves that an instruction or a variable arrived. */
export interface AgentWitness {
  /** The texts of its instructions, in order of arrival and byte for byte. */
  readonly instructions: readonly string[];
  /** The environment of the agent. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many images came with the instructions. Needed where `inputs` names images. */
  readonly images?: number;
  /** The model that the agent was started with. Needed where `models` is declared. */
  readonly model?: string;
}

/** An adapter whose agent plays the context's scenario, and what a launch on it needs. */
export interface AdapterSetup {
  readonly adapter: RuntimeAdapter;
  /** Added to the launch's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the adapter's id and nothing else */
  readonly target?: Target;
  /** The text of the first instruction, where the agent is scripted by it. @default 'Do what the scenario says.' */
  readonly prompt?: string;
  /** A model that the agent takes. Needed where the adapter declares `models`. */
  readonly model?: string;
  /** The approval policy of the launch. Needed where the agent asks only under a policy. @default none */
  readonly approvals?: Launch['approvals'];
  /** What the agent has seen so far. Without it the bytes of instructions and the environment are not proven. */
  readonly witness?: () => Promise<AgentWitness>;
  /** Closes what `make` opened, such as servers and sockets. The suite itself ends the processes of runs. */
  readonly dispose?: () => Promise<void>;
}

/**
 * What an adapter's test brings to the suite. Where the suite needs a new adapter, as another owner would have,
 * it calls `make` again with the same context: the second adapter must not depend on the first.
 */
export interface AdapterHarness {
  /** Makes an adapter whose agent plays the scenario of the context. */
  readonly make: (context: HarnessContext) => AdapterSetup | Promise<AdapterSetup>;
  /**
   * `import.meta.url` of the module that exports this harness as `harness`. The suite then also starts a run in a child
   * process, kills that process with SIGKILL and recovers the run. Without it the recovery is proven with a new adapter
   * in this process only.
   */
  readonly module?: string;
  /** Makes an adapter that cannot find its backend. Its probe must answer Unavailable with a hint. */
  readonly missing?: () => RuntimeAdapter;
  /**
   * Makes an adapter whose program is `name`, without a path, and a shell script that the probe takes for it. Left out
   * for a backend without a program.
   */
  readonly named?: (name: string) => { readonly adapter: RuntimeAdapter; readonly script: string };
  /**
   * Scenarios that this agent cannot play, with the reason. Those that prove a declared capability must be playable.
   */
  readonly unplayable?: Partial<Record<ScenarioName, string>>;
  /** Counts the live processes of the run. @default the processes whose environment has the run's marker */
  readonly countProcesses?: (handle: RuntimeHandle) => Promise<number>;
  /**
   * Kills the run's processes so that no exit is observed.
   * @default SIGSTOP, then SIGKILL, to every process with the run's marker
   */
  readonly vanish?: (handle: RuntimeHandle) => Promise<void>;
}

/** Options of `adapterConformance` and `proveRequirement`. */
export interface ConformanceOptions {
  /** Requirements that are known to fail, by id, with the reason. Their tests run and go red once they hold. */
  readonly knownFailures?: Readonly<Record<string, string>>;
  /** How long one step of the agent may take, in ms. @default 10000, and more on a machine where a spawn takes longer */
  readonly patienceMs?: number;
}
