import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  hugeChars,
  unicodeText,
  type AdapterHarness,
  type AgentWitness,
  type HarnessContext,
  type ScenarioName,
} from '@runtime/conformance/adapter';
import { piAgent, type PiStep, type PiVersion } from '@runtime/conformance/scripted-agent';
import { pi } from '../../src/index.ts';
import type { DoubleConfig } from './double-config.ts';
import { userTexts } from './session-texts.ts';

const steps: { readonly [S in ScenarioName]: (gate: string) => PiStep[] } = {
  hello: () => [{ text: ['hello, ', 'world'] }],
  gate: (gate) => [{ text: 'before' }, { waitForFile: gate }, { text: 'after' }],
  silent: () => [{ reasoning: 'Nothing to say.' }],
  unicode: () => [{ text: [unicodeText.slice(0, 5), unicodeText.slice(5)] }],
  huge: () => [{ text: ['x'.repeat(hugeChars), ' end'] }],
  malformed: () => [{ rawLine: 'this is {no record' }, { text: 'still here' }],
  secret: () => [{ text: ['token=', 'SECRET-HEAD', 'SECRET-TAIL', ' given'] }],
  tool: () => [{ tool: { name: 'bash', args: { command: 'ls' }, updates: ['a\n', 'a\nb\n'] } }, { text: 'done' }],
  pauses: () => [{ retry: { times: 2, delayMs: 5, errorMessage: '429' } }, { overflow: true }, { text: 'done' }],
  approval: () => [
    {
      tool: {
        name: 'bash',
        args: { command: 'ls' },
        dialog: { method: 'confirm', title: 'Allow?', message: 'run: ls' },
      },
    },
    { text: 'said-{{answer}}' },
  ],
  recall: () => [{ text: 'EARLIER {{text}}' }],
  exitCode: () => [{ text: 'failing' }, { exit: 7 }],
  crash: () => [{ text: 'last words' }, { crash: 'SIGKILL' }],
  ignoresTerm: () => [{ text: 'ready' }, { hang: true }],
  leavesChildren: () => [{ text: 'ready' }, { hang: true }],
  clearsEnvironment: () => [{ text: 'ready' }, { hang: true }],
  floods: () => [{ text: ['x'.repeat(hugeChars)] }, { hang: true }],
};

/** The suite's view on the adapter, with Pi's double of a version behind it. */
export const harnessFor = (version: PiVersion, module?: string): AdapterHarness => ({
  make: (context) => {
    const config = configFor(context, version);
    mkdirSync(context.dir, { recursive: true });
    const file = join(context.dir, `double-${version}.json`);
    writeFileSync(file, JSON.stringify(config));
    const agentDir = join(context.dir, 'agent');
    return {
      adapter: pi({
        command: [
          process.execPath,
          '--conditions=@runtime/source',
          fileURLToPath(new URL('./double.ts', import.meta.url)),
          file,
        ],
        images: false,
      }),
      env: { PI_CODING_AGENT_DIR: agentDir },
      model: 'fake/fake-2',
      witness: () => Promise.resolve(witnessed(config.witness, agentDir)),
    };
  },
  named: (name) => ({ adapter: pi({ command: [name] }), script: 'echo 0.87.0' }),
  missing: () => pi({ command: ['no-such-pi-anywhere'] }),
  ...(module === undefined ? {} : { module }),
});

function configFor({ scenario, gate, child, witness }: HarnessContext, version: PiVersion): DoubleConfig {
  const main = piAgent().command.find((part) => part.includes('pi-agent'));
  if (main === undefined) throw new Error('the double is not where it was');
  // Steers and follow-ups are answered by the double's own rules.
  const prompt = { mode: 'prompt' as const };
  const rules = [
    { when: prompt, times: 1, steps: steps[scenario](gate) },
    { when: prompt, steps: steps.hello(gate) },
  ];
  return {
    main,
    version,
    script: { rules },
    witness,
    deaf: scenario === 'ignoresTerm',
    children: scenario === 'leavesChildren',
    ...(scenario === 'clearsEnvironment' ? { cleared: child } : {}),
  };
}

/** The conversation is read from Pi's own session file: that is what the agent got. */
function witnessed(file: string, agentDir: string): AgentWitness {
  const seen: Pick<AgentWitness, 'env' | 'model'> = JSON.parse(readFileSync(file, 'utf8'));
  const sessions = readdirSync(agentDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.jsonl'),
  );
  const instructions = sessions.flatMap((name) => userTexts(readFileSync(join(agentDir, name), 'utf8')));
  return { ...seen, instructions };
}

export const harness = harnessFor('0.87', import.meta.url);
