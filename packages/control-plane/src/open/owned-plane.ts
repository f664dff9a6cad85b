import { AgentRuntimeError, type PlaneInfo, type Scheduler } from '@runtime/contracts';
import { LocalChannel } from '../api/local-channel.ts';
import { ownerLeft } from '../api/leave.ts';
import { PlaneReader } from '../api/plane-reader.ts';
import { whileOpen, type FamilyPort } from '../client/family-port.ts';
import { planeClosed } from '../client/plane-closed.ts';
import { Plane } from '../plane/plane.ts';
import type { Families } from '../families/families.ts';
import type { TaskRegistry } from '../plane/task-registry.ts';
import { Door } from '../socket/door.ts';
import { socketPath } from '../socket/socket-path.ts';
import { Sweeps, type RetentionSetting } from '../retention/sweeps.ts';
import type { PlaneContext } from '../task/context.ts';
import { planesOfProcess } from './planes-of-process.ts';
import { version as packageVersion } from '../version.ts';

interface Owned {
  readonly dataDir: string;
  readonly ctx: PlaneContext;
  /** Aborts `ctx.closing`. */
  readonly closing: AbortController;
  readonly registry: TaskRegistry;
  readonly families: Families;
  readonly scheduler: Scheduler;
  readonly version: string | undefined;
  readonly retention: RetentionSetting;
  /** As `DoorOptions.announce`. */
  readonly announce: (path: string) => Promise<boolean>;
  /** Releases the log and the lock, in this order, whatever fails. */
  readonly release: () => Promise<void>;
}

/** A plane with what its owner holds: the log, the lock and the socket, opened and closed in one order. */
export class OwnedPlane {
  readonly plane: Plane;
  readonly channel: LocalChannel;
  readonly families: FamilyPort;
  readonly #owned: Owned;
  readonly #sweeps: Sweeps;
  readonly #failed = Promise.withResolvers<AgentRuntimeError>();
  #door: Door | undefined;
  #closing: Promise<void> | undefined;
  #failure: AgentRuntimeError | undefined;

  constructor(owned: Owned) {
    this.#owned = owned;
    this.plane = new Plane(owned.ctx, owned, owned.scheduler, (error) => this.#fail(error));
    this.#sweeps = new Sweeps(this.plane, owned.retention);
    // Also when nothing is appended: a plane whose log has another writer, or no files, must not seem to work.
    void owned.ctx.log.failed.then((failure) => this.#fail(failure));
    const reader = new PlaneReader(this.plane, () => this.#info());
    this.channel = new LocalChannel({ reader, owner: () => this.plane }, owned.ctx.closing, this.#failed.promise);
    this.families = whileOpen(owned.families, owned.ctx.closing);
  }

  /** Lets other processes ask, over a socket at this path. */
  async serve(path: string): Promise<void> {
    const { dataDir, ctx, announce } = this.#owned;
    const hello = { epoch: ctx.log.epoch, pid: process.pid };
    this.#door = await Door.open(path, {
      channel: this.channel,
      hello,
      choosePath: () => socketPath(dataDir),
      announce,
    });
  }

  /** Takes up every unfinished task, and answers to other clients in this process. */
  start(): void {
    planesOfProcess().set(this.#owned.dataDir, this.channel);
    this.plane.resume();
    this.#sweeps.start();
  }

  /** Detaches from every run, writes the last snapshot and releases log and lock. Repeatable. No agent is ended. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { closing, dataDir, release } = this.#owned;
    const { leaveRequest } = this.plane;
    const left = leaveRequest && ownerLeft(leaveRequest);
    if (left) this.#door?.dismiss(left);
    const reason = left ?? planeClosed(this.#failure);
    closing.abort(reason);
    this.#sweeps.stop();
    // For the other clients in this process; after a failure this changes nothing.
    this.#failed.resolve(reason);
    planesOfProcess().delete(dataDir);
    try {
      await this.#door?.close();
      await this.plane.settle();
      await this.plane.saveAtClose();
    } finally {
      // Whatever failed, nothing is written any more, and the next owner may come.
      await release();
    }
  }

  #fail(error: unknown): void {
    if (this.#closing) return;
    // Why the log failed says more than which append met it.
    const reason = this.#owned.ctx.log.failure ?? AgentRuntimeError.from(error);
    this.#failure = reason;
    this.#failed.resolve(reason);
    process.emitWarning(`the control plane of ${this.#owned.dataDir} closes: ${reason.message}`, 'AgentRuntimeWarning');
    // The first failure is the one that was reported.
    void this.close().catch(() => undefined);
  }

  #info(): PlaneInfo {
    const { ctx, version = packageVersion } = this.#owned;
    const { log, adapters } = ctx;
    return {
      logId: log.logId,
      epoch: log.epoch,
      pid: process.pid,
      dataDir: this.#owned.dataDir,
      version,
      leaves: ctx.onLeaveRequest !== undefined,
      definitions: adapters.takesDefinitions,
      unfinished: this.plane.unfinished,
      clients: this.#door?.clients ?? 0,
    };
  }
}
