import { AgentRuntimeError } from '@runtime/contracts';
import { hasValues } from './task-values.ts';
import type { Task } from './task.ts';

/** What the environment of a task's runs is made of. */
export interface Given {
  /** The variables of the shell that asked, else those of the plane. */
  readonly base: Readonly<Record<string, string | undefined>>;
  readonly set: Readonly<Record<string, string>>;
}

/** Throws DATA_CORRUPT when the values that the task was submitted with are gone. */
export async function givenTo({ ctx, id, state }: Task): Promise<Given> {
  const { spec } = state;
  const values = hasValues(spec) ? await ctx.values.read(id) : {};
  if (!values) {
    throw new AgentRuntimeError('DATA_CORRUPT', `the variables that task ${id} was given are gone`, {
      hint: 'submit it again',
    });
  }
  return { base: values.environment ?? ctx.environment, set: { ...spec.env?.set, ...values.set } };
}

/** The variables among which a run's program is looked up, for a probe. Undefined for a task that was given none. */
export async function probeEnvironment(task: Task): Promise<Given['base'] | undefined> {
  const { spec } = task.state;
  if (!hasValues(spec) && spec.env?.set === undefined) return undefined;
  const { base, set } = await givenTo(task);
  return { ...base, ...set };
}
