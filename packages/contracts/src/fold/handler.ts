import type { TaskEventOf, TaskEventType } from '../events/task-events.ts';
import type { EventEnvelope } from '../log/event-log.ts';
import type { RunState, TaskState } from './task-state.ts';

/** The events of a task's stream as they are stored, by type. */
export type StoredByType = { readonly [T in TaskEventType]: TaskEventOf<T> & EventEnvelope };

/** What an event does to the state of its task. */
export type Handler<T extends TaskEventType> = (state: TaskState, event: StoredByType[T]) => TaskState;
export type Handlers<T extends TaskEventType> = { readonly [K in T]: Handler<K> };

/** Changes the last run. */
export function changeRun(state: TaskState, change: (run: RunState) => RunState): TaskState {
  const run = state.runs.at(-1);
  return run ? { ...state, runs: [...state.runs.slice(0, -1), change(run)] } : state;
}

/** Changes fields of the last run. */
export const patchRun = (state: TaskState, patch: Partial<RunState>): TaskState =>
  changeRun(state, (run) => ({ ...run, ...patch }));

export const withoutRetry = ({ retry: _over, ...run }: RunState): RunState => run;
export const withoutCompaction = ({ compaction: _over, ...run }: RunState): RunState => run;

/** The same record without one of its keys. */
export function omit<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  const { [key]: _omitted, ...rest } = record;
  return rest;
}

/**
 * The fields that have a value: `exactOptionalPropertyTypes` tells a missing field from an undefined one, and so does
 * JSON.
 */
export const defined = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
