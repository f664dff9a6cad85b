import { AgentRuntimeError, type TaskView } from '@runtime/contracts';
import { foldTask, taskFoldVersion, taskView, type TaskState } from '@runtime/contracts/fold';
import { taskIdOf, taskStream, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import type { BreakerStates } from '../runtimes/breaker.ts';
import { EndedPages, type EndedSeries } from './ended-pages.ts';
import { endedTask, type EndedTask } from './ended-task.ts';

export const snapshotName = 'tasks';
export const snapshotVersion = `3.${taskFoldVersion}`;

/** A snapshot: unfinished tasks whole, ended ones by the pages that they are in. */
interface RegistrySnapshot {
  readonly unfinished: readonly TaskState[];
  readonly ended: EndedSeries;
  readonly breakers: BreakerStates;
}

/** Every task by id, folded from the log: unfinished ones whole, ended ones reduced to what can still be asked for. */
export class TaskRegistry {
  readonly unfinished = new Map<string, TaskState>();
  readonly ended = new Map<string, EndedTask>();
  readonly keys = new Map<string, string>();
  /** The position up to which the registry is in a snapshot. */
  savedAt = 0;
  readonly #pages = new EndedPages();

  apply(event: StoredEvent): void {
    const id = taskIdOf(event.stream);
    if (id === undefined || this.ended.has(id)) return;
    const known = this.unfinished.get(id);
    // A snapshot may hold a task beyond its own position.
    if (known && event.revision <= known.revision) return;
    const state = foldTask(known, event);
    if (state) this.put(state);
  }

  put(state: TaskState): void {
    if (state.key !== undefined) this.keys.set(state.key, state.id);
    if (!state.outcome) {
      this.unfinished.set(state.id, state);
      return;
    }
    this.unfinished.delete(state.id);
    // It does not change any more, and its page may be written.
    if (!this.ended.has(state.id)) this.ended.set(state.id, endedTask(state));
  }

  views(): TaskView[] {
    return [...[...this.unfinished.values()].map(taskView), ...[...this.ended.values()].map(({ view }) => view)];
  }

  /**
   * Folds the registry up to the log's end, from the last snapshot on; `onEvent` and `restore` do the same for the
   * breakers.
   */
  static async load(
    log: EventLog,
    onEvent: (event: StoredEvent) => void,
    restore: (breakers: BreakerStates) => void,
  ): Promise<TaskRegistry> {
    const registry = new TaskRegistry();
    const position = await registry.#restore(log, restore);
    const after = position === undefined ? undefined : log.cursor(position);
    for await (const events of log.read(after === undefined ? {} : { after })) {
      for (const event of events) {
        registry.apply(event);
        onEvent(event);
      }
    }
    return registry;
  }

  /** Takes over the last snapshot. Resolves with its position; undefined, with nothing taken, without a whole one. */
  async #restore(log: EventLog, restore: (breakers: BreakerStates) => void): Promise<number | undefined> {
    const snapshot = await log.readSnapshot(snapshotName, snapshotVersion);
    if (!snapshot) return undefined;
    // Written by this very version of this class; another version is not returned.
    const saved = snapshot.state as RegistrySnapshot;
    const ended = await this.#pages.read(log, snapshotVersion, saved.ended);
    if (!ended) return undefined;
    for (const task of ended) {
      this.ended.set(task.id, task);
      if (task.key !== undefined) this.keys.set(task.key, task.id);
    }
    for (const state of saved.unfinished) this.put(state);
    restore(saved.breakers);
    this.savedAt = snapshot.position;
    return snapshot.position;
  }

  async save(log: EventLog, position: number, breakers: BreakerStates): Promise<void> {
    // All of one moment, before anything is awaited.
    const unfinished = [...this.unfinished.values()];
    const all = [...this.ended.values()];
    const ended = await this.#pages.write(log, { version: snapshotVersion, position }, all);
    const state: RegistrySnapshot = { unfinished, ended, breakers };
    await log.writeSnapshot(snapshotName, { version: snapshotVersion, position, state });
    this.savedAt = position;
  }
}

/** A task's state, folded from its stream. NOT_FOUND for a task that never existed. */
export async function stateOf(log: EventLog, id: string): Promise<TaskState> {
  let state: TaskState | undefined;
  for await (const events of log.read({ stream: taskStream(id) })) {
    for (const event of events) state = foldTask(state, event);
  }
  if (!state) throw noSuchTask(id);
  return state;
}

export function noSuchTask(id: string): AgentRuntimeError {
  return new AgentRuntimeError('NOT_FOUND', `there is no task ${JSON.stringify(id.slice(0, 80))}`, {
    hint: 'runtime list shows the tasks',
  });
}
