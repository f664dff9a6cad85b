import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { defined } from '../defined.ts';
import type { RuntimeConfig, RuntimeEntry } from './schema.ts';

/** Makes the adapters that a configuration names, in its order. Loads only the packages of these adapters. */
export function createAdapters(config: RuntimeConfig): Promise<readonly RuntimeAdapter[]> {
  return Promise.all(Object.entries(config.runtimes).map(([id, entry]) => createAdapter(id, entry)));
}

async function createAdapter(id: string, entry: RuntimeEntry): Promise<RuntimeAdapter> {
  const adapter = await adapterOf(id, entry);
  const { passEnv = [] } = entry;
  return passEnv.length === 0
    ? adapter
    : { ...adapter, passEnvironment: [...(adapter.passEnvironment ?? []), ...passEnv] };
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
