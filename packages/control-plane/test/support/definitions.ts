import { memoryRuntime, type MemoryScript } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type RuntimeDefinition } from '@runtime/contracts';
import type { AdapterFactory } from '../../src/index.ts';

/** What the adapter kind `words` understands: an agent that says these words, and does what they ask for. */
export const words = (says: string, more: Partial<RuntimeDefinition> = {}): RuntimeDefinition => ({
  adapter: 'words',
  options: { says },
  ...more,
});

const script =
  (says: string): MemoryScript =>
  ({ launch, text }) => {
    if (text === 'hang') return [{ do: 'say', text: 'working' }, { do: 'hang' }];
    if (text.startsWith('variable ')) return [{ do: 'say', text: launch.env[text.slice(9)] ?? 'unset' }];
    return [{ do: 'say', text: says }];
  };

/** Makes agents in memory of definitions, and counts how often it was asked. */
export function wordsFactory() {
  const made: string[] = [];
  const createAdapter: AdapterFactory = (id, { adapter, options }) => {
    made.push(id);
    const { says } = options;
    if (adapter !== 'words' || typeof says !== 'string')
      throw new AgentRuntimeError('INVALID_ARGUMENT', `${id}: ${adapter} is not understood`);
    return memoryRuntime({ id, script: script(says) });
  };
  return { made, createAdapter };
}
