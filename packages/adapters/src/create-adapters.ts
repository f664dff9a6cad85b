import { AgentRuntimeError, type RuntimeDefinition } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { defined } from './defined.ts';
import { describeIssues } from './describe-issues.ts';
import { runtimeEntrySchema, runtimesSchema, type RuntimeEntry, type Runtimes } from './runtime-entry.ts';

const load = {
  local: () => import('@runtime/adapter-local'),
  pi: () => import('@runtime/adapter-pi'),
  tmux: () => import('@runtime/adapter-tmux'),
};

/**
 * Loads the packages of all adapters now, for a process that lives long and makes adapters later: an update may have
 * replaced its files by then.
 */
export async function loadAdapters(): Promise<void> {
  await Promise.all(Object.values(load).map((each): Promise<unknown> => each()));
}

/**
 * The adapters of these runtimes, in their order, for a plane that has them as its own: `openControlPlane({ adapters })`.
 * `passEnv` of an entry is added to what its adapter passes. A relative path of a program starts at the working directory
 * as it is now. INVALID_ARGUMENT that names each setting that is wrong; nothing is loaded then.
 */
export async function createAdapters(runtimes: Readonly<Runtimes>): Promise<readonly RuntimeAdapter[]> {
  const parsed = runtimesSchema.safeParse(runtimes);
  if (!parsed.success) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `no such runtimes: ${describeIssues(parsed.error)}`, {
      hint: 'runtimesSchema says what is expected',
    });
  }
  return Promise.all(
    Object.entries(parsed.data).map(async ([id, entry]) => passing(await adapterOf(id, entry), entry.passEnv)),
  );
}

/**
 * The adapter of a definition, for a plane whose tasks bring their own: `openControlPlane({ createAdapter })`. The plane
 * adds `passEnv` by itself. INVALID_ARGUMENT for a definition that this version does not understand: an earlier or a
 * later one may have recorded it.
 */
export async function createAdapter(id: string, { adapter, options }: RuntimeDefinition): Promise<RuntimeAdapter> {
  const parsed = runtimeEntrySchema.safeParse({ ...options, adapter });
  if (parsed.success) return adapterOf(id, parsed.data);
  const issues = describeIssues(parsed.error);
  throw new AgentRuntimeError('INVALID_ARGUMENT', `this version does not understand the runtime ${id}: ${issues}`, {
    hint: 'submit the task again, with the configuration of this version',
  });
}

async function adapterOf(id: string, entry: RuntimeEntry): Promise<RuntimeAdapter> {
  if (entry.adapter === 'pi') {
    const { adapter: _, passEnv: _names, ...options } = entry;
    const { pi } = await load.pi();
    return pi({ id, ...defined(options) });
  }
  if (entry.adapter === 'tmux') {
    const { adapter: _, passEnv: _names, ...options } = entry;
    const { tmux } = await load.tmux();
    return tmux({ id, ...defined(options) });
  }
  const { adapter: _, passEnv: _names, ...options } = entry;
  const { local } = await load.local();
  return local({ id, ...defined(options) });
}

function passing(adapter: RuntimeAdapter, names: readonly string[] = []): RuntimeAdapter {
  if (names.length === 0) return adapter;
  return { ...adapter, passEnvironment: [...new Set([...(adapter.passEnvironment ?? []), ...names])] };
}
