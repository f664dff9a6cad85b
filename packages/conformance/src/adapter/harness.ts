import type { Target } from '@runtime/contracts';
import type { Launch, RuntimeAdapter, RuntimeHandle } from '@runtime/contracts/adapter';
import type { ScenarioName } from './scenarios.ts';

/** For whom and where a scripted agent is to be set up. Plain data: it goes to another process as JSON. */
export interface HarnessContext {
  readonly scenario: ScenarioName;
  /** A directory for this case alone, removed afterwards; the harness may put scripts and witnesses here. */
  readonly dir: string;
  /** Absolute path. The `gate` scenario goes on once this file exists. */
  readonly gate: string;
  /** Absolute path, for the agent to write down what it saw, in the harness's own format. */
  readonly witness: string;
}

/** What the agent itself saw: the only proof that something arrived. */
export interface AgentWitness {
  /** The texts it was given, in order, exactly as they arrived. */
  readonly instructions: readonly string[];
  /** Its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many images came with the instructions. Needed where `inputs` names images. */
  readonly images?: number;
  /** The model it was told to use. Needed where `models` is declared. */
  readonly model?: string;
}

/** An adapter whose agent plays the context's scenario. */
export interface AdapterSetup {
  readonly adapter: RuntimeAdapter;
  /** Added to the launch's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the adapter's id and nothing else */
  readonly target?: Target;
  /** The text of the first instruction, where the agent is scripted by it. @default 'Do what the scenario says.' */
  readonly prompt?: string;
  /** Needed where the adapter declares `models`: a model that its agent takes. */
  readonly model?: string;
  readonly approvals?: Launch['approvals'];
  /** What the agent saw until now. Without it the bytes of instructions and the environment are not proven. */
  readonly witness?: () => Promise<AgentWitness>;
  /** Frees what `make` opened: servers, sockets. Processes of runs are not its business. */
  readonly dispose?: () => Promise<void>;
}

/**
 * What an adapter's test brings to the suite. The suite calls `make` with the same context again where it wants a fresh adapter,
 * as another owner would have: the answer must not depend on the first one.
 */
export interface AdapterHarness {
  readonly make: (context: HarnessContext) => AdapterSetup | Promise<AdapterSetup>;
  /**
   * `import.meta.url` of the module that exports this harness under the name `harness`. With it a run is also started by a child process
   * that is then killed with SIGKILL. Without it, or where the adapter does not declare `reattach`, only a fresh adapter takes over.
   */
  readonly module?: string;
  /** An adapter that cannot find its backend; its probe must answer Unavailable with a hint. */
  readonly missing?: () => RuntimeAdapter;
  /** Scenarios that this kind of agent cannot play, with the reason. Not allowed for those that a declared capability is proven by. */
  readonly unplayable?: Partial<Record<ScenarioName, string>>;
  /** Number of processes of the run that live. @default those that carry the run's marker */
  readonly countProcesses?: (handle: RuntimeHandle) => Promise<number>;
  /** Takes the run's processes away so that nobody sees their exit. @default SIGSTOP, then SIGKILL for all that carry the marker */
  readonly vanish?: (handle: RuntimeHandle) => Promise<void>;
}

/** How the suite is run. */
export interface ConformanceOptions {
  /** Requirements that are known not to hold, with the reason. They run all the same, and the suite goes red once they pass. */
  readonly knownFailures?: Readonly<Record<string, string>>;
  /** How long one step of the agent may take, in ms. @default 10000 */
  readonly patienceMs?: number;
}
