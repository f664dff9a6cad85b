import { AgentRuntimeError, type RuntimeDefinition, type RecordedDefinition, type Target } from '@runtime/contracts';
import type { Plane } from '../plane/plane.ts';
import { recordedDefinition, sourceOf } from '../runtimes/adapters.ts';

type Definitions = Readonly<Record<string, RuntimeDefinition>>;

/** What a request says about runtimes. */
interface Asked {
  readonly runtimes?: readonly (string | Target)[] | undefined;
  readonly definitions?: Definitions | undefined;
  readonly continueOf?: string | undefined;
}

/** The runtimes of a task, each known to be one that an adapter can be made for. */
export interface TaskRuntimes {
  readonly targets: readonly Target[];
  /** Of those targets that are defined by the request. */
  readonly definitions: Readonly<Record<string, RecordedDefinition>>;
  /** Names of variables that their adapters and definitions pass on. */
  readonly pass: readonly string[];
}

/**
 * The targets of a request with their definitions; a task that is continued keeps the definition that it had. NOT_FOUND
 * for a runtime that is neither defined nor known, CONFLICT for a task that cannot be continued, and what making an
 * adapter throws.
 */
export async function taskRuntimes(plane: Plane, asked: Asked): Promise<TaskRuntimes> {
  const { targets, defined } = await wanted(plane, asked);
  const definitions: Record<string, RecordedDefinition> = {};
  const pass: string[] = [];
  for (const id of new Set(targets.map(({ runtime }) => runtime))) {
    const source = sourceOf({ definitions: defined }, id);
    const adapter = await plane.ctx.adapters.find(source);
    if (source.definition) definitions[id] = source.definition;
    pass.push(...(adapter.passEnvironment ?? []), ...(source.definition?.passEnv ?? []));
  }
  return { targets, definitions, pass };
}

interface Wanted {
  readonly targets: readonly Target[];
  readonly defined: Readonly<Record<string, RecordedDefinition>>;
}

async function wanted(plane: Plane, { runtimes, definitions = {}, continueOf }: Asked): Promise<Wanted> {
  if (continueOf !== undefined) {
    const target = await continuedTarget(plane, continueOf);
    const { spec } = await plane.state(continueOf);
    return { targets: [target], defined: spec.definitions ?? {} };
  }
  const ids = Object.keys(definitions);
  const named = runtimes ?? (ids.length > 0 ? ids : plane.ctx.adapters.ids);
  if (named.length === 0) {
    throw new AgentRuntimeError('UNAVAILABLE', 'no runtime is configured', {
      hint: 'runtime doctor shows what was looked for',
    });
  }
  return {
    targets: named.map((each) => (typeof each === 'string' ? { runtime: each } : each)),
    defined: recorded(definitions),
  };
}

/** With their digests. */
export const recorded = (definitions: Definitions): Record<string, RecordedDefinition> =>
  Object.fromEntries(Object.entries(definitions).map(([id, definition]) => [id, recordedDefinition(definition)]));

async function continuedTarget(plane: Plane, taskId: string): Promise<Target> {
  const target = await plane.continuedTarget(taskId);
  if (target) return target;
  throw new AgentRuntimeError('CONFLICT', `task ${taskId} has no conversation that can be continued`, {
    hint: 'it must have ended, on a runtime that can resume; submit a new task instead',
  });
}
