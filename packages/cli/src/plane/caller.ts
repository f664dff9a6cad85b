import { buildEnvironment, withAbsolutePath } from '@runtime/adapter-kit/run';
import type { SubmitRequest } from '@runtime/contracts';
import type { Definitions } from '../config/definitions.ts';
import type { CliDependencies } from '../host/dependencies.ts';

type Variables = Readonly<Record<string, string>>;

/** The value of a variable of this shell; undefined where it is not set. */
export function variable({ env }: Pick<CliDependencies, 'env'>, name: string): string | undefined {
  // A variable may have the name of something that every object has.
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/**
 * The variables of this shell that runs on these runtimes may get: the allow-list, what adapters and definitions name,
 * and `names`. Relative entries of PATH count from here, and owner and runs stand elsewhere. Throws what making an
 * adapter throws.
 */
export async function callerEnvironment(
  { env, cwd, createAdapter }: Pick<CliDependencies, 'env' | 'cwd' | 'createAdapter'>,
  definitions: Definitions,
  names: readonly string[],
): Promise<Variables> {
  const pass = [...names];
  for (const [id, definition] of Object.entries(definitions)) {
    const { passEnvironment = [] } = await createAdapter(id, definition);
    pass.push(...passEnvironment, ...(definition.passEnv ?? []));
  }
  return (await buildEnvironment({ base: withAbsolutePath(env, cwd), pass })).env;
}

/** The request with its runtimes as they are configured here, and with the variables of this shell. */
export async function withDefinitions(
  deps: Pick<CliDependencies, 'env' | 'cwd' | 'createAdapter'>,
  request: SubmitRequest,
  definitions: Definitions,
): Promise<SubmitRequest> {
  const environment = await callerEnvironment(deps, definitions, request.env?.pass ?? []);
  return { ...request, definitions: { ...definitions }, environment: { ...environment } };
}

/**
 * The request for a plane with runtimes of its own, which knows better than this shell what they need: the variables
 * that are passed by name become values to set.
 */
export function withPassedValues(deps: Pick<CliDependencies, 'env'>, request: SubmitRequest): SubmitRequest {
  const { pass = [], set, ...rest } = request.env ?? {};
  if (pass.length === 0) return request;
  const values = pass.flatMap((name) => {
    const value = variable(deps, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...request, env: { ...rest, set: { ...Object.fromEntries(values), ...set } } };
}
