import { abortable, AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import { noteEnded, straysOfEnded } from './ended-trees.ts';
import { identityKey, signalProcess, type ProcessIdentity } from './identity.ts';
import { TreeScanner, type Look } from './tree-scanner.ts';

/** Options of `killTree`. */
export interface KillTreeOptions extends CallOptions {
  readonly runId: string;
  /**
   * The agent's process group and session, if known. Used while its leader is provably one of `identities`, and after
   * the leader's death while a process that is proven otherwise is in it.
   */
  readonly pgid?: number;
  /**
   * The run's first process: what is older is not looked at. @default unknown: every process of the machine is looked
   * at
   */
  readonly beginning?: ProcessIdentity;
  /** The run's cgroup, if it has one: whatever is in it is the run's, unless another run marked it. @default none */
  readonly cgroup?: string;
  /** Files that the agent's output goes to, by which strays are recognized. @default none */
  readonly outputs?: readonly string[];
  /** Processes known to belong to the run. Each is proven again before every signal. @default none: the marker alone */
  readonly identities?: readonly ProcessIdentity[];
  /**
   * Not signalled and not counted as left: the holder while it records the exit, and its helpers in its own process
   * group. @default none
   */
  readonly spare?: readonly ProcessIdentity[];
  /**
   * Time between TERM and KILL, in ms; 0 skips TERM. @default 5000: what users of service managers expect of a clean
   * stop
   */
  readonly graceMs?: number;
}

/** After KILL only a process stuck in the kernel lives on. */
const lastWaitMs = 5000;
/** How long killed processes are waited for before the next look. */
const killedMs = 5;
/**
 * Looks in a row that found no process: two that missed nothing, or more on a machine where processes vanish all the
 * time.
 */
const sureLooks = 2;
const enoughLooks = 20;

/**
 * Ends every process of a run, also those that used `setsid` or a double fork, ignore TERM, or fork while they are
 * killed.
 * Sends TERM to all, waits `graceMs`, then freezes them until no new one appears, kills them, and looks until it is
 * sure that none is left.
 * Never signals this process, pid 1, another run, or a process whose start time has changed.
 *
 * Resolves once none is left, with the strays: processes that the agent seems to have started, that live, and that are
 * not proven to be the run's, because they cleared their environment and left its session. They are not ended. Known
 * only with `beginning`. Repeatable, and then at once where this process has ended the tree. Aborting `signal` stops the
 * waiting, not the ending.
 * Throws OUTCOME_UNKNOWN with `details.left` (pids) when some could not be ended, CANCELLED when `signal` aborted.
 */
export async function killTree(options: KillTreeOptions): Promise<readonly ProcessIdentity[]> {
  const { strays } = await abortable(endTree(options), options.signal);
  return strays;
}

/** What the end of a tree has shown. */
export interface EndedTree {
  readonly strays: readonly ProcessIdentity[];
  /** No look can have missed a process. Otherwise they are sure enough, and a later one may see more. */
  readonly isProven: boolean;
}

/** As `killTree`, for as long as it takes. */
export async function endTree(options: KillTreeOptions): Promise<EndedTree> {
  const known = straysOfEnded(options);
  if (known) return { strays: known, isProven: true };
  const { pgid: group, identities = [], spare = [], graceMs = 5000, runId } = options;
  const scanner = new TreeScanner({ ...options, group, identities, spare });
  const empty = new EmptyLooks();
  // Before the first signal: afterwards a stray's parent may be gone.
  const isOver = options.beginning !== undefined && empty.areEnough(await scanner.look());
  if (!isOver && !(graceMs > 0 && (await askAll(scanner, empty, graceMs)))) {
    const left = (await killAll(scanner, empty)).map(({ pid }) => pid);
    if (left.length > 0) {
      throw new AgentRuntimeError('OUTCOME_UNKNOWN', `${left.length} processes of run ${runId} could not be ended`, {
        hint: `look at the processes ${left.join(', ')}: another user owns them, or they are stuck in the kernel`,
        details: { left },
      });
    }
  }
  const ended = { strays: scanner.strays(), isProven: await scanner.isProven() };
  if (ended.isProven && spare.length === 0) noteEnded(options, ended.strays);
  return ended;
}

/** TERM to each process once, later ones included. True when none is left within the grace. */
async function askAll(scanner: TreeScanner, empty: EmptyLooks, graceMs: number): Promise<boolean> {
  const asked = new Set<string>();
  const ask = async (identity: ProcessIdentity): Promise<void> => {
    if (asked.has(identityKey(identity))) return;
    asked.add(identityKey(identity));
    await signalProcess(identity, 'SIGTERM');
    await signalProcess(identity, 'SIGCONT'); // a stopped process handles no TERM
  };
  const deadline = performance.now() + graceMs;
  for (const identity of scanner.found) await ask(identity);
  for (let pause = 10; ; pause = Math.min(pause * 2, 100)) {
    if (await scanner.isOver(Math.min(pause, deadline - performance.now()))) return true;
    const late = performance.now() >= deadline;
    if (!late && (await scanner.isStill())) continue;
    if (empty.areEnough(await scanner.look(ask))) return true;
    if (late) return false;
  }
}

/**
 * Kills processes: at once where nothing was started since they were found, else frozen until no new one appears.
 * Returns those that could not be ended in time.
 */
async function killAll(scanner: TreeScanner, empty: EmptyLooks): Promise<readonly ProcessIdentity[]> {
  const deadline = performance.now() + lastWaitMs;
  const kill = async (): Promise<void> => {
    for (const identity of scanner.found) await signalProcess(identity, 'SIGKILL');
  };
  if (await scanner.isStill()) {
    await kill();
    if (await scanner.isOver(lastWaitMs)) return [];
  }
  const frozen = new Set<string>();
  let fresh = 0;
  const freeze = async (identity: ProcessIdentity): Promise<void> => {
    if (frozen.has(identityKey(identity))) return;
    frozen.add(identityKey(identity));
    fresh += 1;
    await signalProcess(identity, 'SIGSTOP');
  };
  for (const identity of scanner.found) await freeze(identity);
  for (;;) {
    const late = performance.now() >= deadline;
    // A frozen process cannot fork. Only when all are frozen does KILL leave none behind.
    if (fresh === 0 || late) {
      await kill();
      if (late) return (await scanner.look()).left;
      if (await scanner.isOver(killedMs)) return [];
    }
    fresh = 0;
    if (empty.areEnough(await scanner.look(freeze))) return [];
  }
}

/** Counts looks in a row that found no process. */
class EmptyLooks {
  #looks = 0;
  #sure = 0;

  areEnough({ left, conclusive, complete }: Look): boolean {
    if (left.length === 0 && complete) return true;
    this.#looks = left.length === 0 ? this.#looks + 1 : 0;
    this.#sure = left.length > 0 ? 0 : this.#sure + (conclusive ? 1 : 0);
    return this.#sure >= sureLooks || this.#looks >= enoughLooks;
  }
}
