import type { PlaneInfo, RunOutcome, TaskView } from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import type { EventLog } from '@runtime/contracts/log';
import type { OpenWait } from '../circles/waits.ts';
import type { RemovalWatch } from '../history/removals.ts';
import type { Plane } from '../plane/plane.ts';
import { listTasks, type ListParams } from './list-tasks.ts';
import type { ReadPort } from './ports.ts';
import { waitForOutcome } from './receipts.ts';

/** What the owner of a data directory reads of it, from memory. */
export class PlaneReader implements ReadPort {
  readonly #plane: Plane;
  readonly #info: () => PlaneInfo;

  constructor(plane: Plane, info: () => PlaneInfo) {
    this.#plane = plane;
    this.#info = info;
  }

  get log(): EventLog {
    return this.#plane.ctx.log;
  }

  artifacts(): Promise<ArtifactStore> {
    return this.#plane.ctx.artifacts();
  }

  requireTask(taskId: string): void {
    this.#plane.unfinishedTask(taskId);
  }

  view(taskId: string): Promise<TaskView> {
    return this.#plane.view(taskId);
  }

  state(taskId: string): Promise<TaskState> {
    return this.#plane.state(taskId);
  }

  list(params: ListParams): Promise<readonly TaskView[]> {
    const { registry } = this.#plane;
    return listTasks(
      { unfinished: () => this.#plane.unfinishedViews(), ended: registry.ended, placeOf: (id) => this.view(id) },
      params,
    );
  }

  beginWait(taskId: string, runId: string): OpenWait | undefined {
    return this.#plane.beginWait(taskId, runId);
  }

  watchRemoval(taskId: string): RemovalWatch {
    return this.#plane.registry.removals.watch(taskId);
  }

  outcome(taskId: string, signal: AbortSignal): Promise<RunOutcome> {
    return waitForOutcome(this.#plane, taskId, signal);
  }

  async info(): Promise<PlaneInfo> {
    return this.#info();
  }
}
