import { AgentRuntimeError } from '@runtime/contracts';
import { foldTask, taskFoldVersion, type TaskState } from '@runtime/contracts/fold';
import { taskStream, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import { EndedTasks, type SavedEnded } from '../history/ended-tasks.ts';
import { Removals, type LeftOvers, type SavedRemovals } from '../history/removals.ts';
import { UnfinishedTasks } from '../history/unfinished-tasks.ts';
import type { BreakerStates } from '../runtimes/breaker.ts';

export const snapshotName = 'tasks';
export const snapshotVersion = `4.${taskFoldVersion}`;

/** A snapshot: unfinished tasks whole, ended ones by the pages that they are in. */
interface RegistrySnapshot {
  readonly unfinished: readonly TaskState[];
  readonly ended: SavedEnded;
  readonly breakers: BreakerStates;
  /** Missing where there are none. */
  readonly removals?: SavedRemovals;
}

/** Every task, folded from the log: unfinished ones whole, ended ones as they are shown. */
export class TaskRegistry {
  readonly unfinished = new UnfinishedTasks();
  readonly ended: EndedTasks;
  readonly removals = new Removals();
  /** The position up to which the registry is in a snapshot. */
  savedAt = 0;
  readonly #log: EventLog;
  readonly #keys = new Map<string, string>();
  #savedKeys: Promise<void> | undefined;

  constructor(log: EventLog, ended = new EndedTasks(log, snapshotVersion)) {
    this.#log = log;
    this.ended = ended;
  }

  apply(event: StoredEvent): void {
    const state = this.unfinished.fold(event);
    if (state) this.put(state);
    const removed = this.removals.apply(event);
    if (removed.length > 0) this.#forget(removed);
  }

  /** Tasks that have ended are removed, by an event that is in the log: nothing tells of them any more. */
  remove(removed: LeftOvers): void {
    this.removals.add(removed);
    this.#forget(removed.tasks);
  }

  #forget(tasks: readonly string[]): void {
    this.ended.forget(tasks);
    const gone = new Set(tasks);
    for (const [key, id] of this.#keys) if (gone.has(id)) this.#keys.delete(key);
  }

  put(state: TaskState): void {
    if (state.key !== undefined) this.#keys.set(state.key, state.id);
    const ended = this.unfinished.put(state);
    if (ended) this.ended.add(ended);
  }

  /**
   * Makes `taskOfKey` know the keys of all tasks: those of the history are read once, when they are asked for first.
   */
  loadKeys(): Promise<void> {
    this.#savedKeys ??= this.ended
      .whole(() => this.#readKeys())
      .catch((error: unknown) => {
        // The next one tries again.
        this.#savedKeys = undefined;
        throw error;
      });
    return this.#savedKeys;
  }

  async #readKeys(): Promise<void> {
    // Those in memory first: a page may be filled with them behind the reading.
    for (const { key, id } of this.ended.all().recent) if (key !== undefined) this.#keys.set(key, id);
    for await (const keys of this.ended.keys()) for (const [key, id] of keys) this.#keys.set(key, id);
  }

  /** The task that was submitted with this key. `loadKeys` comes first. */
  taskOfKey(key: string): string | undefined {
    return this.#keys.get(key);
  }

  /**
   * Folds the registry up to the log's end, from the last snapshot on; `onEvent` and `restore` do the same for the
   * breakers.
   */
  static async load(
    log: EventLog,
    onEvent: (event: StoredEvent) => void,
    restore: (breakers: BreakerStates) => void,
    ended?: EndedTasks,
  ): Promise<TaskRegistry> {
    const registry = new TaskRegistry(log, ended);
    const position = await registry.#restore(restore);
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
  async #restore(restore: (breakers: BreakerStates) => void): Promise<number | undefined> {
    const snapshot = await this.#log.readSnapshot(snapshotName, snapshotVersion);
    if (!snapshot) return undefined;
    // Written by this very version of this class; another version is not returned.
    const saved = snapshot.state as RegistrySnapshot;
    if (!(await this.ended.restore(saved.ended))) return undefined;
    for (const state of saved.unfinished) this.put(state);
    restore(saved.breakers);
    if (saved.removals) this.removals.restore(saved.removals);
    this.savedAt = snapshot.position;
    return snapshot.position;
  }

  async save(position: number, breakers: BreakerStates): Promise<void> {
    // All of one moment, before anything is awaited.
    const unfinished = this.unfinished.states();
    const { saved: removals } = this.removals;
    const ended = await this.ended.save(position);
    const state: RegistrySnapshot = { unfinished, ended, breakers, ...(removals ? { removals } : {}) };
    await this.#log.writeSnapshot(snapshotName, { version: snapshotVersion, position, state });
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
