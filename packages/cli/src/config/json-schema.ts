import { z } from 'zod';
import { configFileSchema } from './schema.ts';

/** The JSON schema (draft 2020-12) of `runtime.config.json`, as published in `schema/runtime.config.schema.json`. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configFileSchema, {
    io: 'input',
    target: 'draft-2020-12',
    // In zod, `readonly` concerns our types; in a JSON schema it would tell people not to write the setting.
    override: ({ jsonSchema }) => delete jsonSchema.readOnly,
  });
  return { $id: 'runtime.config.schema.json', title: 'runtime.config.json', ...schema };
}
