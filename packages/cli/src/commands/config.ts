import { configJsonSchema } from '../config/json-schema.ts';
import { safeJson, sanitizeLine } from '../sanitize.ts';
import type { Handler } from '../invocation/handle.ts';

/** `runtime config schema`. */
export const showSchema: Handler = async ({ out }) =>
  out.write(`${JSON.stringify(configJsonSchema(), undefined, out.json ? 0 : 2)}\n`);

/** `runtime config show`. */
export const showConfig: Handler = async (context) => {
  const { path, config: found } = await context.config();
  await context.out.document({ path: path ?? null, config: found });
  await context.out.line(
    path === undefined ? 'no configuration file; these are the defaults:' : sanitizeLine(path, 1000),
  );
  await context.out.bare(safeJson(found, 2));
};
