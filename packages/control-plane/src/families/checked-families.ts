import { AgentRuntimeError, planeEventSchemas, runtimeEventSchemas, taskEventSchemas } from '@runtime/contracts';
import { planeStream, type EventFamily } from '@runtime/contracts/log';
import { z } from 'zod';
import { parseWith } from '../client/parse.ts';

const coreTypes: ReadonlySet<string> = new Set(
  [taskEventSchemas, runtimeEventSchemas, planeEventSchemas].flatMap((schemas) => Object.keys(schemas)),
);
/** The beginnings of streams that have one writer each, which is none of a family. */
const coreStreams: ReadonlySet<string> = new Set(['task/', 'runtime/']);

/** Whether the plane appends events of this type by itself, by its own rules. */
export const isCoreType = (type: string): boolean => coreTypes.has(type);

const typeSchema = z
  .string()
  .max(100)
  .regex(/^[a-z][a-zA-Z0-9]*(\.[a-z][a-zA-Z0-9]*)+$/, 'an event type is noun.pastParticiple')
  .refine((type) => !isCoreType(type), 'the type is one of the plane itself');
const streamSchema = z
  .string()
  .regex(/^(plane|[a-z0-9][a-z0-9._-]{0,63}\/)$/, `name ${planeStream}, or a prefix with a slash at its end`)
  .refine((stream) => !coreStreams.has(stream), 'tasks and runtimes write their streams themselves');

const familySchema = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'a name is 1-40 lower-case letters, digits and dashes'),
  version: z.string().min(1).max(100),
  schemas: z.record(
    typeSchema,
    z.custom((value) => typeof value === 'object' && value !== null && 'safeParse' in value, 'it is no schema of zod'),
  ),
  streams: z.array(streamSchema).min(1).max(16),
  fold: z.custom((value) => typeof value === 'function', 'it is no function'),
});

/**
 * The families that a plane is opened with. Throws INVALID_ARGUMENT for one that does not fit, more than 32, and two
 * with one name or one type.
 */
export function checkedFamilies(families: readonly EventFamily[] = []): readonly EventFamily[] {
  parseWith(z.array(familySchema).max(32), families, 'families');
  refuseTwins(families.map(({ name }) => name));
  refuseTwins(families.flatMap(({ schemas }) => Object.keys(schemas)));
  return [...families];
}

function refuseTwins(names: readonly string[]): void {
  const twin = names.find((name, at) => names.indexOf(name) !== at);
  if (twin === undefined) return;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `two families have ${JSON.stringify(twin)}`, {
    hint: 'give each family a name and types of its own',
  });
}
