import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootId, currentDirectory } from '@runtime/adapter-kit/process';
import { currentPlacement, withAbsolutePath } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, usualRetention, type ControlPlane, type Scheduler } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import type { EventFamily, EventLog } from '@runtime/contracts/log';
import { acquireLock, openEventLog, type WriterLock } from '@runtime/event-log';
import type { LogFs } from '@runtime/event-log/testing';
import { ulid } from 'ulid';
import { WatchedStore } from '../store/watched-store.ts';
import { answers } from '../client/answers.ts';
import { PlaneClient } from '../client/plane-client.ts';
import { checkedFamilies } from '../families/checked-families.ts';
import { Families } from '../families/families.ts';
import { fifo } from '../plane/fifo.ts';
import { TaskRegistry } from '../plane/task-registry.ts';
import { Adapters, type AdapterFactory } from '../runtimes/adapters.ts';
import { Runtimes } from '../runtimes/runtimes.ts';
import { socketPath } from '../socket/socket-path.ts';
import type { RetentionSetting } from '../retention/sweeps.ts';
import type { LeaveRequest, PlaneContext, PlaneTuning } from '../task/context.ts';
import type { Failpoint } from '../task/failpoint.ts';
import { Leases } from '../task/leases.ts';
import { TaskValueFiles } from '../task/task-values.ts';
import { machineClocks, planeTime, type MachineClocks } from '../waiting/clock.ts';
import { announceWith } from './announce.ts';
import { checkedWait } from './checked-wait.ts';
import { prepareDataDir } from './data-directory.ts';
import { lockPath } from './find-owner.ts';
import { LazyStore, openStore } from '../store/lazy-store.ts';
import { OwnedPlane } from './owned-plane.ts';
import { runHistory } from './run-history.ts';

/** How a data directory is opened by its owner. */
export interface ControlPlaneOptions {
  /**
   * The directory of the log, the artifacts and the runs; made (0700) when missing. One process owns it at a time.
   * Must not be on a network file system.
   */
  readonly dataDir: string;
  /** In order of preference: a task that names no runtime may use all of them, in this order. */
  readonly adapters: readonly RuntimeAdapter[];
  /**
   * Makes adapters of the definitions that requests bring along, so that one owner serves many configurations. Whoever
   * may submit can then have any program run that this function makes an adapter for.
   * @default none: a request with definitions is UNSUPPORTED
   */
  readonly createAdapter?: AdapterFactory;
  /**
   * Facts that the host and its packages keep in the log, for `append` and `state` of the plane. Events of a family that
   * an owner was not opened with stay in the log, and count again for the next one that knows it. @default none
   */
  readonly families?: readonly EventFamily[];
  /**
   * Where the contents of artifacts are kept. The plane does not close it. @default files in `artifacts` below the data
   * directory, made with the first artifact
   */
  readonly artifacts?: ArtifactStore;
  /**
   * Which ended tasks stay; the others are removed by themselves, with their artifacts, so that a data directory does not
   * grow for ever. `false` keeps everything; a function is asked each time. Where the clock has jumped by a day or more,
   * nothing is removed before the next look, six hours later.
   * @default tasks that ended in the last 90 days, the last 10,000 of them
   */
  readonly retention?: RetentionSetting;
  /** Decides which tasks may start. @default fifo() */
  readonly scheduler?: Scheduler;
  /**
   * Serves the control socket, so that other processes can ask too. @default false: an embedding host decides who may
   * speak to it
   */
  readonly listen?: boolean;
  /**
   * Opens for a moment, to act on single tasks where no owner lives: takes up only the tasks that are asked to do
   * something, starts none, and serves no socket. Other processes are told to wait (UNAVAILABLE, not `retry: 'never'`).
   * Close it once that is done. INVALID_ARGUMENT together with `listen`. @default false
   */
  readonly brief?: boolean;
  /**
   * Called when a client asks this owner to leave, so that another one can take over: close the plane then. Without it
   * such a request is refused, for a host that owns a plane for itself.
   */
  readonly onLeaveRequest?: (request: LeaveRequest) => void;
  /** Of the program that owns the data directory, as `info()` reports it. @default the version of this package */
  readonly version?: string;
  /**
   * Variables that runs' processes may get, through the allow-list, where the request brings no `environment`. @default
   * process.env
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /**
   * How long to wait for another owner that has the lock and is about to leave, in ms. @default 0: CONFLICT at once
   */
  readonly lockWaitMs?: number;
  /** Changes single values of `PlaneTuning`. */
  readonly tuning?: Partial<PlaneTuning>;
}

/** Where tests reach in: see `@runtime/control-plane/testing`. */
export interface PlaneSeams {
  /** The file system under the log, so that faults can be played. @default nodeFs() */
  readonly logFs?: LogFs;
  /** Called at named points, so that a test can kill the process there. @default does nothing */
  readonly failpoint?: Failpoint;
  /** The machine's clocks. @default Date.now and performance.now */
  readonly clocks?: MachineClocks;
}

const lockRetryMs = 100;

const startsNothing: Scheduler = { admit: () => [] };

const defaultTuning: PlaneTuning = {
  deltaWindowMs: 30,
  stallAfterMs: 300_000,
  stopGraceMs: 5_000,
  minFreeBytes: 64 * 1024 * 1024,
  startTimeoutMs: 60_000,
  overdueMs: 30_000,
  sweepEveryMs: 6 * 3_600_000,
};

/**
 * Opens a data directory as its one owner, takes up every unfinished task where the log stands, and goes on with them.
 * Throws CONFLICT when another process owns it (`details.owner`), DATA_CORRUPT when the log is damaged,
 * INVALID_ARGUMENT for two adapters with one id, and for a family that does not fit.
 * Closing detaches: agents go on, and the next owner finds them.
 */
export function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  return openWithSeams(options, {});
}

/** As `openControlPlane`, with the seams that tests reach in through. */
export async function openWithSeams(options: ControlPlaneOptions, seams: PlaneSeams): Promise<ControlPlane> {
  const adapters = new Adapters(options.adapters, options.createAdapter);
  const known = checkedFamilies(options.families);
  const { brief = false, listen = false, artifacts: given } = options;
  if (brief && listen) throw new AgentRuntimeError('INVALID_ARGUMENT', 'a brief owner serves no socket');
  const dataDir = await prepareDataDir(options.dataDir);
  const socket = listen ? await socketPath(dataDir) : undefined;
  const about = { ...(brief ? { brief } : {}), ...(socket === undefined ? {} : { socketPath: socket }) };
  const lock = await lockWithin(checkedWait(options.lockWaitMs ?? 0), () => acquireLock(lockPath(dataDir), about));
  const { now: clock, skippedSince } = planeTime(seams.clocks ?? machineClocks);
  let log: EventLog | undefined;
  const store = new LazyStore(
    async () => new WatchedStore(await openStore(join(dataDir, 'artifacts'), { readOnly: false })),
  );
  const ofHost = given && new WatchedStore(given);
  const release = async (): Promise<void> => {
    try {
      await Promise.all([store.close(), log?.close()]);
    } finally {
      await lock.release();
    }
  };
  try {
    log = await openEventLog({
      dir: join(dataDir, 'log'),
      lock,
      clock,
      expectsHistory: await runHistory(dataDir),
      ...(seams.logFs ? { fs: seams.logFs } : {}),
    });
    const closing = new AbortController();
    const runtimes = new Runtimes(adapters, log, clock, closing.signal);
    const ctx = await contextOf({ ...options, dataDir }, seams, {
      adapters,
      log,
      artifacts: ofHost ? () => Promise.resolve(ofHost) : store.get,
      clock,
      skippedSince,
      runtimes,
      closing,
    });
    const families = new Families(log, known, closing.signal);
    return await openOnLog({ ...options, dataDir }, ctx, {
      families,
      closing,
      release,
      socket,
      announce: announceWith(lock),
    });
  } catch (error) {
    // The first failure says more than one of the release.
    await release().catch(() => undefined);
    throw error;
  }
}

/** Takes the lock, and tries again for `waitMs` while another process has it. */
async function lockWithin(waitMs: number, take: () => Promise<WriterLock>): Promise<WriterLock> {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return await take();
    } catch (error) {
      const leftMs = until - performance.now();
      if (AgentRuntimeError.from(error).code !== 'CONFLICT' || leftMs <= 0) throw error;
      await sleep(Math.min(lockRetryMs, leftMs));
    }
  }
}

interface Parts extends Pick<PlaneContext, 'adapters' | 'artifacts' | 'log' | 'clock' | 'skippedSince' | 'runtimes'> {
  readonly closing: AbortController;
}

async function contextOf(
  options: ControlPlaneOptions,
  { failpoint = () => undefined }: PlaneSeams,
  { closing, ...parts }: Parts,
): Promise<PlaneContext> {
  // Runs work elsewhere than this process, from whose directory its PATH is meant.
  const environment = withAbsolutePath(options.environment ?? process.env, currentDirectory());
  const { survivesHost } = await currentPlacement(environment);
  return {
    ...parts,
    runsDir: join(options.dataDir, 'runs'),
    servedDir: options.listen ? options.dataDir : undefined,
    values: new TaskValueFiles(options.dataDir),
    random: Math.random,
    newId: (prefix) => `${prefix}-${ulid().toLowerCase()}`,
    failpoint,
    tuning: { ...defaultTuning, ...options.tuning },
    leases: new Leases(),
    survivesHost,
    environment,
    onLeaveRequest: options.onLeaveRequest,
    closing: closing.signal,
  };
}

interface Holding {
  readonly families: Families;
  readonly closing: AbortController;
  readonly release: () => Promise<void>;
  readonly socket: string | undefined;
  readonly announce: (path: string) => Promise<boolean>;
}

async function openOnLog(
  {
    dataDir,
    brief = false,
    scheduler = brief ? startsNothing : fifo(),
    version,
    retention = usualRetention,
  }: ControlPlaneOptions,
  ctx: PlaneContext,
  { families, closing, release, socket, announce }: Holding,
): Promise<ControlPlane> {
  const { log, runtimes } = ctx;
  const registry = await TaskRegistry.load(
    log,
    (event) => runtimes.apply(event),
    (states) => runtimes.restore(states),
  );
  await ctx.values.sweep((taskId) => registry.unfinished.has(taskId));
  const owned = new OwnedPlane({
    dataDir,
    ctx,
    closing,
    registry,
    families,
    scheduler,
    release,
    announce,
    version,
    retention,
  });
  await owned.plane.recordOpening({ type: 'plane.opened', epoch: log.epoch, pid: process.pid, bootId: await bootId() });
  if (socket !== undefined) await owned.serve(socket);
  if (!brief) owned.start();
  return new PlaneClient(owned.channel, answers, () => owned.close(), owned.families);
}
