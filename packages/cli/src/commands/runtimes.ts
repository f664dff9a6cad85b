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
    description: 'what was found on this machine, what it can do, and why not',
    options: (command) => command.option('--refresh', 'look again'),
    body: async (context, _args, given) => {
      const { refresh } = z.object({ refresh: z.boolean().default(false) }).parse(given);
      const reports = await findRuntimes(context, refresh);
      await context.out.document(reports);
      for (const report of reports) await context.out.line(formatRuntime(report, context.out.colours));
    },
  });
}

/** What the owner knows; where none lives, what the adapters find now: looking needs no owner. */
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

/** What it can do, in words; what it cannot is left out. */
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
  if (report.status === 'unavailable') {
    const hint = report.hint === undefined ? '' : `\n  ${sanitizeLine(report.hint, 500)}`;
    return `${c.red('✗')} ${c.bold(report.id)}  ${sanitizeLine(report.reason, 500)} ${c.dim(`[${report.code}]`)}${breaker}${hint}`;
  }
  const models = report.models === undefined ? '' : `\n  models: ${sanitizeLine(report.models.join(', '), 500)}`;
  return `${c.green('✓')} ${c.bold(report.id)}  ${sanitizeLine(report.version, 60)}${breaker}\n  ${describeCapabilities(report.capabilities)}${models}`;
}
