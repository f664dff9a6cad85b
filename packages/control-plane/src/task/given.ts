import { withAbsolutePath } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, type TaskSpec } from '@runtime/contracts';
import type { PlaneContext } from './context.ts';
import { hasValues, type TaskValues } from './task-values.ts';
import type { Task } from './task.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** What the environment of a task's runs is made of. */
export interface Given {
  /** The variables of the shell that asked, else those of the plane. */
  readonly base: Variables;
  readonly set: Readonly<Record<string, string>>;
}

/** Throws DATA_CORRUPT when the values that the task was submitted with are gone. */
export async function givenTo(task: Task): Promise<Given> {
  const values = await keptValues(task);
  return { base: values?.environment ?? task.ctx.environment, set: values?.set ?? {} };
}

/** As `lookupEnvironment`, of a task that was submitted. Throws as `givenTo`. */
export async function probeEnvironment(task: Task): Promise<Variables | undefined> {
  return lookupEnvironment(task.ctx, task.state.spec, await keptValues(task));
}

/**
 * The variables among which a task's programs are looked up, a relative entry of PATH from the workspace, as the run
 * does it. Undefined for one that was given none: those of the plane.
 */
export function lookupEnvironment(
  { environment }: Pick<PlaneContext, 'environment'>,
  { workspace }: Pick<TaskSpec, 'workspace'>,
  values: TaskValues | undefined,
): Variables | undefined {
  return values && withAbsolutePath({ ...(values.environment ?? environment), ...values.set }, workspace);
}

async function keptValues({ ctx, id, state }: Task): Promise<TaskValues | undefined> {
  const { spec } = state;
  // In the log of a version that recorded them.
  const recorded = spec.env?.set;
  if (!hasValues(spec)) return recorded && { set: recorded };
  const values = await ctx.values.read(id);
  if (values) return values;
  throw new AgentRuntimeError('DATA_CORRUPT', `the variables that task ${id} was given are gone`, {
    hint: 'submit it again',
  });
}
