import { worst, type Check } from '../doctor/checks.ts';
import { examine } from '../doctor/examine.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Colours } from '../render/output.ts';
import { sanitizeLine } from '../sanitize.ts';
import type { Handler } from '../invocation/handle.ts';

/** `runtime doctor`. */
export const doctor: Handler = async (context) => {
  const checks = await examine(context);
  const status = worst(checks);
  await context.out.document({ status, checks });
  const faults = checks.flatMap((check) => (check.status === 'ok' ? [] : [check.name]));
  if (context.out.quiet) await context.out.bare(faults.join('\n'));
  for (const check of checks) await context.out.line(formatCheck(check, context.out.colours));
  return status === 'fail' ? exitCodes.failed : exitCodes.succeeded;
};

function formatCheck({ name, status, detail, hint }: Check, c: Colours): string {
  const marks = { ok: c.green('ok  '), warn: c.yellow('warn'), fail: c.red('fail') };
  const line = `${marks[status]}  ${name.padEnd(15)} ${sanitizeLine(detail, 500)}`;
  return hint === undefined ? line : `${line}\n      ${' '.repeat(15)} ${c.dim(sanitizeLine(hint, 500))}`;
}
