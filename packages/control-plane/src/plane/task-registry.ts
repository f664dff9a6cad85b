import { AgentRuntimeError, type TaskView } from '@runtime/contracts';
import { foldTask, taskFoldVersion, taskView, type TaskState } from '@runtime/contracts/fold';
import { taskIdOf, taskStream, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import type { BreakerStates } from '../runtimes/breaker.ts';
import { endedTask, type EndedTask } from './ended-task.ts';

export const snapshotName = 'tasks';
export const snapshotVersion = `2.${taskFoldVersion}`;

/** A snapshot: unfinished tasks whole, ended ones as they are kept in memory. */
interface RegistrySnapshot {
  readonly unfinished: readonly TaskState[];
  readonly ended: readonly EndedTask[];
  readonly breakers: BreakerStates;
}

/** Every task by id, folded from the log: unfinished ones whole, ended ones reduced to what can still be asked for. */
export class TaskRegistry {
  readonly unfinished = new Map<string, TaskState>();
  readonly ended = new Map<string, EndedTask>();
  readonly keys = new Map<string, string>();

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
    this.ended.set(state.id, endedTask(state));
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
    const snapshot = await log.readSnapshot(snapshotName, snapshotVersion);
    let after: string | undefined;
    if (snapshot) {
      // Written by this very version of this class; another version is not returned.
      const saved = snapshot.state as RegistrySnapshot;
      for (const state of saved.unfinished) registry.put(state);
      for (const task of saved.ended) {
        registry.ended.set(task.id, task);
        if (task.key !== undefined) registry.keys.set(task.key, task.id);
      }
      restore(saved.breakers);
      after = log.cursor(snapshot.position);
    }
    for await (const events of log.read(after === undefined ? {} : { after })) {
      for (const event of events) {
        registry.apply(event);
        onEvent(event);
      }
    }
    return registry;
  }

  async save(log: EventLog, position: number, breakers: BreakerStates): Promise<void> {
    const state: RegistrySnapshot = {
      unfinished: [...this.unfinished.values()],
      ended: [...this.ended.values()],
      breakers,
    };
    await log.writeSnapshot(snapshotName, { version: snapshotVersion, position, state });
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
