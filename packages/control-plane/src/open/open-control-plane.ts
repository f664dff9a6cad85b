import { mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bootId } from '@runtime/adapter-kit/process';
import { currentPlacement } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, type ControlPlane, type PlaneInfo, type Scheduler } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { EventLog } from '@runtime/contracts/log';
import { acquireLock, openEventLog, type LogFs } from '@runtime/event-log';
import { ulid } from 'ulid';
import { PlaneClient } from '../client/plane-client.ts';
import { monotonicClock, type Clock } from '../waiting/clock.ts';
import type { PlaneContext, PlaneTuning } from '../task/context.ts';
import type { Failpoint } from '../task/failpoint.ts';
import { fifo } from '../plane/fifo.ts';
import { Leases } from '../task/leases.ts';
import { LocalChannel } from '../api/local-channel.ts';
import { planesOfProcess } from './planes-of-process.ts';
import { Plane } from '../plane/plane.ts';
import { Runtimes } from '../runtimes/runtimes.ts';
import { serveSocket, type SocketServer } from '../socket/socket-server.ts';
import { socketPath } from '../socket/socket-path.ts';
import { TaskRegistry } from '../plane/task-registry.ts';
import { version } from '../version.ts';

export interface ControlPlaneOptions {
  /** Where log, artifacts and runs live; made (0700) when missing. One process owns it at a time. Not on a network file system. */
  readonly dataDir: string;
  /** In order of preference: a task that names no runtime gets all of them as its ladder. */
  readonly adapters: readonly RuntimeAdapter[];
  /** Who may start when. @default fifo() */
  readonly scheduler?: Scheduler;
  /** Serve the control socket, so that other processes can ask too. @default false: an embedding host decides who may speak to it */
  readonly listen?: boolean;
  /** What runs' processes may get, by the allow-list. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly tuning?: Partial<PlaneTuning>;
  /** The file system under the log, so that faults can be played. @default nodeFs() */
  readonly logFs?: LogFs;
  /** For tests that kill the process at named points. */
  readonly failpoint?: Failpoint;
}

const defaultTuning: PlaneTuning = {
  deltaWindowMs: 30,
  stallAfterMs: 300_000,
  stopGraceMs: 5_000,
  minFreeBytes: 64 * 1024 * 1024,
  startTimeoutMs: 60_000,
  overdueMs: 30_000,
};

/**
 * Opens a data directory as its one owner, takes up every unfinished task where its log says it stands, and goes on with them.
 * Throws CONFLICT when another process owns it (`details.owner`), DATA_CORRUPT when the log is damaged, INVALID_ARGUMENT for two adapters of one id.
 * Closing lets go: agents go on, and the next owner finds them.
 */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const adapters = byId(options.adapters);
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(resolve(options.dataDir));
  const socket = options.listen ? await socketPath(dataDir) : undefined;
  const lock = await acquireLock(join(dataDir, 'lock.db'), socket === undefined ? {} : { socketPath: socket });
  try {
    return await openOwned({ ...options, dataDir }, adapters, lock, socket);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function byId(adapters: readonly RuntimeAdapter[]): ReadonlyMap<string, RuntimeAdapter> {
  const map = new Map(adapters.map((adapter) => [adapter.id, adapter]));
  if (map.size !== adapters.length) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'two adapters have the same id', {
      hint: 'give one of them another: tmux({ id })',
    });
  }
  return map;
}

type Lock = Awaited<ReturnType<typeof acquireLock>>;

async function openOwned(
  options: ControlPlaneOptions,
  adapters: ReadonlyMap<string, RuntimeAdapter>,
  lock: Lock,
  socket: string | undefined,
): Promise<ControlPlane> {
  const clock = monotonicClock();
  const fs = options.logFs === undefined ? {} : { fs: options.logFs };
  const log = await openEventLog({ dir: join(options.dataDir, 'log'), lock, clock, ...fs });
  try {
    return await openOnLog(options, adapters, { lock, log, clock, socket });
  } catch (error) {
    // What went wrong first says more.
    await log.close().catch(() => undefined);
    throw error;
  }
}

interface Owned {
  readonly lock: Lock;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly socket: string | undefined;
}

async function openOnLog(
  options: ControlPlaneOptions,
  adapters: ReadonlyMap<string, RuntimeAdapter>,
  { lock, log, clock, socket }: Owned,
): Promise<ControlPlane> {
  const { dataDir } = options;
  const closing = new AbortController();
  const failed = Promise.withResolvers<AgentRuntimeError>();
  const runtimes = new Runtimes(adapters, log, clock, closing.signal);
  const registry = await TaskRegistry.load(
    log,
    (event) => runtimes.apply(event),
    (states) => runtimes.restore(states),
  );
  const { survivesHost } = await currentPlacement(options.environment ?? process.env);
  let closed: Promise<void> | undefined;
  let server: SocketServer | undefined;
  const close = (): Promise<void> => {
    closed ??= (async () => {
      const reason = new AgentRuntimeError('UNAVAILABLE', 'the plane is closed');
      closing.abort(reason);
      // For the other clients in this process; a failure was told before.
      failed.resolve(reason);
      planesOfProcess().delete(dataDir);
      try {
        await server?.close();
        await plane.settle();
        await plane.save();
      } finally {
        // Whatever failed, nothing is written any more, and the next owner may come.
        try {
          await log.close();
        } finally {
          await lock.release();
        }
      }
    })();
    return closed;
  };
  const ctx: PlaneContext = {
    log,
    runsDir: join(dataDir, 'runs'),
    clock,
    random: Math.random,
    newId: (prefix) => `${prefix}-${ulid().toLowerCase()}`,
    failpoint: options.failpoint ?? (() => undefined),
    tuning: { ...defaultTuning, ...options.tuning },
    adapters,
    runtimes,
    leases: new Leases(),
    survivesHost,
    environment: options.environment ?? process.env,
    closing: closing.signal,
    fail: (error) => {
      const reason = AgentRuntimeError.from(error);
      failed.resolve(reason);
      process.emitWarning(`the control plane of ${dataDir} lets go: ${reason.message}`, 'AgentRuntimeWarning');
      // What goes wrong while it lets go says nothing more.
      void close().catch(() => undefined);
    },
    changed: (actor) => plane.changed(actor),
    track: (work) => plane.track(work),
    continued: (taskId) => plane.continued(taskId),
    adapterOf: ({ runtime }) => adapters.get(runtime),
  };
  const plane: Plane = new Plane(ctx, registry, options.scheduler ?? fifo());
  await plane.recordOpening({ type: 'plane.opened', epoch: log.epoch, pid: process.pid, bootId: await bootId() });
  const info = (): PlaneInfo => ({
    logId: log.logId,
    epoch: log.epoch,
    pid: process.pid,
    dataDir,
    version,
    unfinished: plane.unfinished,
    clients: server?.clients ?? 0,
  });
  const channel = new LocalChannel(plane, info, failed.promise);
  if (socket !== undefined) server = await serveSocket(socket, channel, { epoch: log.epoch, pid: process.pid });
  planesOfProcess().set(dataDir, channel);
  plane.resume();
  return new PlaneClient(channel, close);
}
