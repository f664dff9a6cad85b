import { buildEnvironment } from '@runtime/adapter-kit/run';
import {
  AgentRuntimeError,
  callerEnvironmentSchema,
  submitRequestSchema,
  type RuntimeReport,
} from '@runtime/contracts';
import { z } from 'zod';
import type { Plane } from '../plane/plane.ts';
import type { RuntimeSource } from '../runtimes/adapters.ts';
import { recorded } from './task-runtimes.ts';

export const runtimesParamsSchema = z.strictObject({
  refresh: z.boolean().default(false),
  definitions: submitRequestSchema.shape.definitions,
  environment: callerEnvironmentSchema.optional(),
});
type Params = z.output<typeof runtimesParamsSchema>;

/**
 * What is known of the runtimes that the caller defines, else of those that the plane was opened with. One whose
 * definition no adapter can be made of is reported as unavailable.
 */
export async function reportRuntimes(plane: Plane, params: Params): Promise<RuntimeReport[]> {
  const { adapters, runtimes } = plane.ctx;
  const { refresh, definitions, environment } = params;
  if (definitions && !adapters.takesDefinitions) throw adapters.takesNone();
  const sources: RuntimeSource[] = definitions
    ? Object.entries(recorded(definitions)).map(([id, definition]) => ({ id, definition }))
    : adapters.ids.map((id) => ({ id }));
  return Promise.all(
    sources.map(async (source) =>
      runtimes.report(source, { refresh, environment: environment && (await permitted(plane, source, environment)) }),
    ),
  );
}

/** What a run on this runtime would get of the caller's variables. */
async function permitted(
  { ctx }: Plane,
  source: RuntimeSource,
  base: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const adapter = await ctx.adapters.find(source).catch((thrown: unknown) => AgentRuntimeError.from(thrown));
  const own = AgentRuntimeError.isInstance(adapter) ? [] : (adapter.passEnvironment ?? []);
  const { env } = await buildEnvironment({ base, pass: [...own, ...(source.definition?.passEnv ?? [])] });
  return env;
}
