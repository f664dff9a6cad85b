import type { RuntimeCapabilities, RuntimeReport } from '@runtime/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import { connectIfOwned } from '../plane/connect.ts';
import type { CommandContext } from '../invocation/context.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import type { Colours } from '../render/output.ts';
import { sanitizeLine } from '../sanitize.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime runtimes`. */
export function registerRuntimes(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'runtimes',
    examples: ['runtimes', 'runtimes --refresh', 'runtimes --json'],
    description: 'show the runtimes, what they can do, and why one is unavailable',
    options: (command) => command.option('--refresh', 'probe again instead of showing the last result'),
    body: async (context, _args, given) => {
      const { refresh } = z.object({ refresh: z.boolean().default(false) }).parse(given);
      const reports = await findRuntimes(context, refresh);
      await context.out.document(reports);
      for (const report of reports) await context.out.line(formatRuntime(report, context.out.colours));
    },
  });
}

/** The runtimes as the owner knows them. Where there is no owner, probes the adapters, which needs none. */
async function findRuntimes(context: CommandContext, refresh: boolean): Promise<readonly RuntimeReport[]> {
  const plane = await connectIfOwned(context);
  if (plane) return context.closeAtEnd(plane).runtimes({ refresh, signal: context.signal });
  const adapters = await context.deps.adapters((await context.config()).config);
  const probes = adapters.map(async (adapter) => ({
    ...(await adapter.probe({ signal: context.signal })),
    breaker: 'closed' as const,
  }));
  return Promise.all(probes);
}

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

function formatRuntime(report: RuntimeReport, c: Colours): string {
  const breaker = report.breaker === 'closed' ? '' : c.yellow(`  breaker ${report.breaker}`);
  const id = c.bold(report.id);
  if (report.status === 'unavailable') {
    const reason = `${sanitizeLine(report.reason, 500)} ${c.dim(`[${report.code}]`)}`;
    const hint = report.hint === undefined ? '' : `\n  ${sanitizeLine(report.hint, 500)}`;
    return `${c.red('✗')} ${id}  ${reason}${breaker}${hint}`;
  }
  const capabilities = `\n  ${describeCapabilities(report.capabilities)}`;
  const models = report.models === undefined ? '' : `\n  models: ${sanitizeLine(report.models.join(', '), 500)}`;
  return `${c.green('✓')} ${id}  ${sanitizeLine(report.version, 60)}${breaker}${capabilities}${models}`;
}
