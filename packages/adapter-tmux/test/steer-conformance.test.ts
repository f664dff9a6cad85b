import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { proveRequirement, type AdapterHarness } from '@runtime/conformance/adapter';
import { test } from 'vitest';
import { tmux } from '../src/index.ts';
import { countAgentProcesses } from './support/harness.ts';
import { scenarioCommand } from './support/scenarios.ts';

const agentFile = fileURLToPath(new URL('./support/terminal-agent.ts', import.meta.url));

/** The terminal agent, spoken to by pasting. */
const harness: AdapterHarness = {
  make: (context) => {
    const options = {
      witness: context.witness,
      environment: `${context.witness}.env`,
      command: scenarioCommand(context),
    };
    return {
      adapter: tmux({ command: [process.execPath, agentFile, JSON.stringify(options)], prompt: 'paste' }),
      witness: async () => {
        const lines = (await readFile(context.witness, 'utf8')).split('\n').filter((line) => line !== '');
        return {
          instructions: lines.map((line) => String(JSON.parse(line))),
          env: JSON.parse(await readFile(options.environment, 'utf8')),
        };
      },
    };
  },
  countProcesses: countAgentProcesses,
};

/** What is different when the instruction is typed; the rest is the same code as in `conformance.test.ts`. */
test.concurrent.each([
  'start.instruction',
  'start.environment',
  'session.final',
  'events.evidence',
  'events.order',
  'events.replay',
  'recover.live',
  'recover.dead',
  'send.steer',
  'send.steer-recovered',
  'send.follow-up',
  'send.if-turn',
  'trait.aborted',
  'trait.after-end',
] as const)('%s holds for an agent that is typed to', async (id) => {
  await proveRequirement(id, harness);
});
