import { exitCodes } from '../exit-codes.ts';
import { sanitizeLine } from '../sanitize.ts';
import type { Handler } from '../invocation/handle.ts';

/** `runtime verify`. */
export const verify: Handler = async ({ deps, dataDir, out }) => {
  const { ok, problems, report } = await deps.planes.verify(dataDir);
  await out.document(report);
  for (const problem of problems) await out.line(`${out.colours.red('✗')} ${sanitizeLine(problem, 1000)}`);
  await out.line(ok ? `${out.colours.green('✓')} the log is intact` : 'the log is damaged');
  return ok ? exitCodes.succeeded : exitCodes.failed;
};
