import { planeEventSchemas, runtimeEventSchemas, taskEventSchemas } from '@runtime/contracts';
import { deltaTypes } from '@runtime/contracts/adapter';
import { eventRules } from '@runtime/contracts/fold';
import { z } from 'zod';

/** The tables in docs/events.md, by the name of their block. */
export const tables: Readonly<Record<string, () => string>> = {
  'task events': taskEventsTable,
  'other events': otherEventsTable,
};

function taskEventsTable(): string {
  const schemas: Readonly<Record<string, z.ZodType>> = taskEventSchemas;
  const rows = Object.entries(eventRules).map(
    ([type, { follows }]) =>
      `| \`${type}\` | ${follows} | ${fieldsOf(schemas[type])} | ${deltaTypes.has(type) ? 'written' : 'durable'} |`,
  );
  return ['| event | must follow | carries | acknowledged |', '|---|---|---|---|', ...rows].join('\n');
}

function otherEventsTable(): string {
  const rows = (schemas: Readonly<Record<string, z.ZodType>>, stream: string): string[] =>
    Object.entries(schemas).map(([type, schema]) => `| \`${type}\` | \`${stream}\` | ${fieldsOf(schema)} |`);
  return [
    '| event | stream | carries |',
    '|---|---|---|',
    ...rows(runtimeEventSchemas, 'runtime/<id>'),
    ...rows(planeEventSchemas, 'plane'),
  ].join('\n');
}

/** Fields beside the type and the stamp that all events of a run have. */
function fieldsOf(schema: z.ZodType | undefined): string {
  if (!(schema instanceof z.ZodObject)) return '';
  const shape: Readonly<Record<string, z.ZodType>> = schema.shape;
  const names = Object.entries(shape)
    .filter(([name]) => !['type', 'runId', 'sourceCursor'].includes(name))
    .map(([name, field]) => (field.safeParse(undefined).success ? `${name}?` : name));
  return names.length === 0 ? '' : `\`${names.join('`, `')}\``;
}
