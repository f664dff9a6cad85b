import { definitionsOf } from '@runtime/adapters';
import {
  AgentRuntimeError,
  type RuntimeCapabilities,
  type RuntimeDefinition,
  type RuntimeReport,
} from '@runtime/contracts';
import { z } from 'zod';
import { callerEnvironment } from '../plane/caller.ts';
import { connectIfOwned } from '../plane/connect.ts';
import type { CommandContext } from '../invocation/context.ts';
import { sanitizeLine } from '../sanitize.ts';
import type { Handler } from '../invocation/handle.ts';

/** `runtime runtimes`. */
export const runtimes: Handler = async (context, _args, given) => {
  const { refresh } = z.object({ refresh: z.boolean().default(false) }).parse(given);
  const reports = await findRuntimes(context, refresh);
  await context.out.document(reports);
  if (context.out.quiet) return context.out.bare(usable(reports).join('\n'));
  for (const report of reports) await context.out.line(formatRuntime(report, context));
};

/**
 * The runtimes that are configured here, as the owner finds them, which knows their circuit breakers. Where there is no
 * owner, probes them, which needs none. A plane whose program brings its own runtimes reports these.
 */
async function findRuntimes(context: CommandContext, refresh: boolean): Promise<readonly RuntimeReport[]> {
  const { deps, signal } = context;
  const owned = await connectIfOwned(context);
  const plane = owned && context.closeAtEnd(owned);
  if (plane && !(await plane.info({ signal })).definitions) return plane.runtimes({ refresh, signal });
  const { config } = await context.config();
  const definitions = definitionsOf(config.runtimes);
  if (!plane) return Promise.all(Object.entries(definitions).map(([id, each]) => probe(context, id, each)));
  const environment = await callerEnvironment(deps, definitions, config.defaults?.env?.pass ?? []);
  return plane.runtimes({ refresh, signal, definitions: { ...definitions }, environment: { ...environment } });
}

async function probe(
  { deps, signal }: CommandContext,
  id: string,
  definition: RuntimeDefinition,
): Promise<RuntimeReport> {
  const breaker = 'closed';
  try {
    const adapter = await deps.createAdapter(id, definition);
    const environment = await callerEnvironment(deps, { [id]: definition }, []);
    return { ...(await adapter.probe({ signal, environment })), breaker };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const { code, rawMessage, hint } = AgentRuntimeError.from(thrown);
    return { status: 'unavailable', id, code, reason: rawMessage, ...(hint === undefined ? {} : { hint }), breaker };
  }
}

const usable = (reports: readonly RuntimeReport[]): string[] =>
  reports.flatMap(({ id, status }) => (status === 'available' ? [id] : []));

/** The capabilities that it has, in words. */
function describeCapabilities(capabilities: RuntimeCapabilities): string {
  const words: string[] = [];
  if (capabilities.steer !== 'none') words.push(`steer (${capabilities.steer})`);
  if (capabilities.followUp) words.push('follow-up');
  if (capabilities.interrupt) words.push('interrupt');
  if (capabilities.resume !== 'none') words.push(`resume (${capabilities.resume})`);
  if (capabilities.reattach) words.push('reattach');
  if (capabilities.approvals) words.push('approvals');
  words.push(capabilities.events === 'structured' ? 'structured events' : 'output only');
  if (capabilities.usage) words.push('usage');
  if (capabilities.models) words.push('models');
  return words.join(', ');
}

function formatRuntime(report: RuntimeReport, { out, spoken }: CommandContext): string {
  const c = out.colours;
  const breaker = report.breaker === 'closed' ? '' : c.yellow(`  breaker ${report.breaker}`);
  const id = c.bold(report.id);
  if (report.status === 'unavailable') {
    const reason = `${sanitizeLine(report.reason, 500)} ${c.dim(`[${report.code}]`)}`;
    const said = spoken(report.hint ?? '');
    const hint = said === '' ? '' : `\n  ${sanitizeLine(said, 500)}`;
    return `${c.red('✗')} ${id}  ${reason}${breaker}${hint}`;
  }
  const capabilities = `\n  ${describeCapabilities(report.capabilities)}`;
  const models = report.models === undefined ? '' : `\n  models: ${sanitizeLine(report.models.join(', '), 500)}`;
  return `${c.green('✓')} ${id}  ${sanitizeLine(report.version, 60)}${breaker}${capabilities}${models}`;
}
