import type { CallOptions } from '@runtime/contracts';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import type { Placement } from './placement.ts';

/** The agent's standard input. */
export type HolderInput =
  /** `runPaths(runDir).input`, open until `releaseStdin` or the holder's death: write with `openFifoWriter`. */
  | { readonly kind: 'fifo' }
  /** A regular file, from its beginning to its end. */
  | { readonly kind: 'file'; readonly path: string }
  /** Empty. */
  | { readonly kind: 'none' };

/** What `startHolder` starts. */
export interface HolderLaunch extends CallOptions {
  readonly handle: RuntimeHandle;
  /**
   * The program and its arguments, each as it is: nothing becomes shell text. A name without a slash is looked up on
   * `env.PATH`.
   */
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /**
   * The agent's whole environment. `RUNTIME_RUN_ID` and `PWD` are set to the run and `cwd`; what belongs to the shell
   * (`_`, `IFS`, `OLDPWD`, `OPTIND`, `PPID`, `SHLVL`) is left out.
   */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: HolderInput;
  /** @default `currentPlacement(env)` */
  readonly placement?: Placement;
  /**
   * How many bytes stdout.log and stderr.log may hold together. A run that writes more is killed with what the agent
   * started, also after the agent's exit, whether an owner lives or not; what it writes until that is seen comes on top:
   * in its first quarter of a second, later in two tenths, after the agent's exit in a second. @default no limit
   */
  readonly maxOutputBytes?: number;
  /** A cgroup of its own for the agent, where one can be made. @default true */
  readonly cgroup?: boolean;
  /**
   * How long a holder may take to write its record, in milliseconds. @default 10000: on a loaded machine it is still
   * 100 times more than needed
   */
  readonly timeoutMs?: number;
}
