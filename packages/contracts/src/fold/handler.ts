import type { StoredEvent } from '../log/event-log.ts';
import type { RunState, TaskState } from './task-state.ts';

export type Handler<E> = (state: TaskState, event: E & StoredEvent) => TaskState;

/** Changes fields of the last run. */
export function patchRun(state: TaskState, patch: Partial<RunState>): TaskState {
  const run = state.runs.at(-1);
  return run ? { ...state, runs: [...state.runs.slice(0, -1), { ...run, ...patch }] } : state;
}

/** The same object without some of its keys. */
export function omit<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  const { [key]: _gone, ...rest } = record;
  return rest;
}
