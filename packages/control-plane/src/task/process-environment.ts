import { buildEnvironment } from '@runtime/adapter-kit/run';
import { runMarker } from '@runtime/contracts/adapter';
import { givenTo } from './given.ts';
import type { Task } from './task.ts';

/** What the processes of a run, or of a check, get. */
export interface ProcessEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** Values that must not show up in events. */
  readonly secrets: readonly string[];
}

/**
 * The environment of processes that work for a task, marked with this id. `pass` are names that its runtime needs
 * besides. Throws what reading the task's files of variables throws.
 */
export async function processEnvironment(
  task: Task,
  id: string,
  pass: readonly string[] = [],
): Promise<ProcessEnvironment> {
  const { spec } = task.state;
  const { servedDir } = task.ctx;
  const { base, set } = await givenTo(task);
  const built = await buildEnvironment({
    base,
    pass: [...pass, ...(spec.env?.pass ?? [])],
    set,
    ...(spec.env?.file === undefined ? {} : { file: spec.env.file }),
  });
  // What submits tasks itself does so to the plane that it works for.
  const where = servedDir === undefined ? {} : { RUNTIME_DATA_DIR: servedDir };
  return { env: { ...built.env, ...where, [runMarker]: id }, secrets: built.secrets };
}
