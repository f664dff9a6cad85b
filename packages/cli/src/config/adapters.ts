import { AgentRuntimeError, type RuntimeDefinition } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { describeIssues } from '../arguments/describe-issues.ts';
import { defined } from '../defined.ts';
import { runtimeEntrySchema, type RuntimeEntry } from './schema.ts';

/**
 * Makes the adapter of a definition. Loads the package of this adapter alone. INVALID_ARGUMENT for a definition that this
 * version does not understand: an earlier or a later one may have recorded it.
 */
export async function createAdapter(id: string, definition: RuntimeDefinition): Promise<RuntimeAdapter> {
  const { adapter, options } = definition;
  const parsed = runtimeEntrySchema.safeParse({ ...options, adapter });
  if (parsed.success) return adapterOf(id, parsed.data);
  const issues = describeIssues(parsed.error.issues).join('; ');
  throw new AgentRuntimeError('INVALID_ARGUMENT', `this version does not understand the runtime ${id}: ${issues}`, {
    hint: 'submit the task again, with the configuration of this version',
  });
}

async function adapterOf(id: string, entry: RuntimeEntry): Promise<RuntimeAdapter> {
  if (entry.adapter === 'pi') {
    const { adapter: _, passEnv: _names, ...options } = entry;
    const { pi } = await import('@runtime/adapter-pi');
    return pi({ id, ...defined(options) });
  }
  if (entry.adapter === 'tmux') {
    const { adapter: _, passEnv: _names, ...options } = entry;
    const { tmux } = await import('@runtime/adapter-tmux');
    return tmux({ id, ...defined(options) });
  }
  const { adapter: _, passEnv: _names, ...options } = entry;
  const { local } = await import('@runtime/adapter-local');
  return local({ id, ...defined(options) });
}
