import type { CallOptions } from '@runtime/contracts';

/** Runs one step that changes something. What it throws, before or after `work`, ends the operation there. */
export type Around = <T>(step: string, work: () => Promise<T>) => Promise<T>;

/** Options of every call. */
export interface WorktreeOptions extends CallOptions {
  /** The program. @default 'git' */
  readonly git?: string;
  /**
   * Where the variables are taken from that git gets: those of the user, the locale, proxies and certificates. `GIT_*`
   * are not among them. @default process.env
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Timeout of each command of git in ms: a checkout of a large repository may take minutes. @default 600000 */
  readonly timeoutMs?: number;
  /** How long a lock of another git in the repository is waited for, in ms. @default 10000 */
  readonly lockTimeoutMs?: number;
  /** For tests that stop an operation at a step: see `@runtime/worktrees/testing`. */
  readonly around?: Around;
}
