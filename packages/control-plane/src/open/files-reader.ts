import {
  AgentRuntimeError,
  runOutcomeSchema,
  throwIfAborted,
  type PlaneInfo,
  type RunOutcome,
  type TaskView,
} from '@runtime/contracts';
import { taskView, type TaskState } from '@runtime/contracts/fold';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import { taskStream, type EventLog } from '@runtime/contracts/log';
import { readOwner } from '@runtime/event-log/owner';
import { listTasks, type ListParams } from '../api/list-tasks.ts';
import type { ReadPort } from '../api/ports.ts';
import { noSuchTask, stateOf, TaskRegistry } from '../plane/task-registry.ts';
import { version } from '../version.ts';
import { isLiving, lockPath } from './find-owner.ts';

/** What is read of a data directory without owning it, from its files. Another process may own it meanwhile. */
export class FilesReader implements ReadPort {
  readonly log: EventLog;
  readonly #dataDir: string;
  readonly #closing: AbortSignal;
  readonly artifacts: () => Promise<ArtifactStore>;

  constructor({ log, artifacts }: Pick<ReadPort, 'log' | 'artifacts'>, dataDir: string, closing: AbortSignal) {
    this.log = log;
    this.artifacts = artifacts;
    this.#dataDir = dataDir;
    this.#closing = closing;
  }

  requireTask(taskId: string): void {
    if (this.log.revision(taskStream(taskId)) === 0) throw noSuchTask(taskId);
  }

  async view(taskId: string): Promise<TaskView> {
    const [state, isOwned] = await Promise.all([this.state(taskId), this.#isOwned()]);
    return shown(taskView(state), isOwned);
  }

  state(taskId: string): Promise<TaskState> {
    return stateOf(this.log, taskId);
  }

  async list(params: ListParams): Promise<readonly TaskView[]> {
    const [registry, isOwned] = await Promise.all([this.#registry(), this.#isOwned()]);
    const unfinished = registry.unfinished.states().map((state) => shown(taskView(state), isOwned));
    return listTasks({ unfinished: () => unfinished, ended: registry.ended, placeOf: (id) => this.view(id) }, params);
  }

  /** Without an owner nobody waits for anything but for one. */
  beginWait(): undefined {
    return undefined;
  }

  /** What another process removes shows to nobody but the next reader. */
  watchRemoval(): undefined {
    return undefined;
  }

  /** Follows the log: an owner may bring the task to its end meanwhile. */
  async outcome(taskId: string, signal: AbortSignal): Promise<RunOutcome> {
    this.requireTask(taskId);
    const ending = AbortSignal.any([signal, this.#closing]);
    for await (const events of this.log.read({ stream: taskStream(taskId), follow: true, signal: ending })) {
      const last = events.at(-1);
      if (last?.type === 'task.ended') return runOutcomeSchema.parse(last['outcome']);
    }
    throwIfAborted(signal);
    throw AgentRuntimeError.from(this.#closing.reason);
  }

  async info(): Promise<PlaneInfo> {
    const owner = await readOwner(lockPath(this.#dataDir));
    return {
      logId: this.log.logId,
      epoch: owner?.epoch ?? 0,
      pid: owner?.pid ?? 0,
      dataDir: this.#dataDir,
      version,
      definitions: false,
      unfinished: (await this.#registry()).unfinished.size,
      clients: 0,
    };
  }

  /** Whether an owner lives, as far as can be seen. */
  async #isOwned(): Promise<boolean> {
    const owner = await readOwner(lockPath(this.#dataDir));
    return owner !== undefined && isLiving(owner);
  }

  #registry(): Promise<TaskRegistry> {
    return TaskRegistry.load(
      this.log,
      () => undefined,
      () => undefined,
    );
  }
}

/** Without an owner nothing of a task goes on but its agent. */
function shown(view: TaskView, isOwned: boolean): TaskView {
  if (isOwned || view.outcome) return view;
  const text = 'No process owns the data directory: runtime serve --detach starts one, and so does every runtime run';
  return { ...view, waitingFor: { kind: 'owner', text } };
}
