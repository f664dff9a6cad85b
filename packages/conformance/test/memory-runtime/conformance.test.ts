import { adapterConformance } from '../../src/adapter/index.ts';
import type { MemoryRuntimeOptions } from '../../src/memory-runtime/index.ts';
import { memoryHarness } from '../support/memory-harness.ts';

/** Each of them is another branch of the suite. */
const manifests: Readonly<Record<string, MemoryRuntimeOptions['capabilities'] & object>> = {
  'with everything': {},
  'launched with its instruction': { firstInstruction: 'launch' },
  'that can do nothing': {
    firstInstruction: 'launch',
    steer: 'none',
    followUp: false,
    interrupt: false,
    resume: 'none',
    approvals: false,
    inputs: ['text'],
    models: false,
  },
  'that accepts a steer and proves no more': { steer: 'accepted' },
};

for (const [name, capabilities] of Object.entries(manifests)) {
  adapterConformance(`the memory runtime ${name}`, memoryHarness({ capabilities }));
}
