import { configJsonSchema } from '../config/json-schema.ts';
import { sourceOf } from '../config/load.ts';
import { safeJson, sanitizeLine } from '../sanitize.ts';
import type { Handler } from '../invocation/handle.ts';

/** `runtime config schema`. */
export const showSchema: Handler = async ({ out }) =>
  out.write(`${JSON.stringify(configJsonSchema(), undefined, out.json ? 0 : 2)}\n`);

/** `runtime config show`. */
export const showConfig: Handler = async (context) => {
  const loaded = await context.config();
  const { path, config: found } = loaded;
  await context.out.document({ path: path ?? null, config: found });
  await context.out.line(sanitizeLine(sourceOf(loaded) ?? 'no configuration file; these are the defaults:', 1000));
  await context.out.bare(safeJson(found, 2));
};
