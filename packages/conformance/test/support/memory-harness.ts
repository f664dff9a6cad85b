import { appendFile, readFile } from 'node:fs/promises';
import {
  hugeChars,
  secretVariable,
  unicodeText,
  type AdapterHarness,
  type AdapterSetup,
  type HarnessContext,
  type ScenarioName,
} from '../../src/adapter/index.ts';
import {
  memoryRunLives,
  memoryRuntime,
  vanishMemoryRun,
  type MemoryRuntimeOptions,
  type MemoryStep,
  type MemoryTurn,
} from '../../src/memory-runtime/index.ts';

const usage: MemoryStep = { do: 'usage', usage: { scope: 'turn', inputTokens: 3, outputTokens: 2 } };
const greeting: readonly MemoryStep[] = [{ do: 'say', text: ['hello, ', 'world'] }, usage];

const played: { readonly [S in ScenarioName]?: (turn: MemoryTurn, context: HarnessContext) => readonly MemoryStep[] } =
  {
    hello: () => greeting,
    gate: (_, { gate }) => [
      { do: 'say', text: 'before' },
      { do: 'gate', until: gate },
      { do: 'say', text: 'after' },
    ],
    silent: () => [],
    unicode: () => [{ do: 'say', text: Array.from(unicodeText) }],
    huge: () => [{ do: 'say', text: `${'x'.repeat(hugeChars)} end` }],
    malformed: () => [
      {
        do: 'emit',
        event: { type: 'output.quarantined', source: 'memory', bytes: 3, sample: '\\xff', reason: 'no record' },
      },
      { do: 'say', text: 'still here' },
    ],
    secret: ({ launch }) => {
      const secret = launch.env[secretVariable] ?? '';
      return [{ do: 'say', text: ['token=', secret.slice(0, 9), secret.slice(9), ' given'] }];
    },
    tool: () => [
      { do: 'tool', name: 'read', input: { path: 'a.txt' }, output: 'its text' },
      { do: 'say', text: 'done' },
    ],
    pauses: () => [
      { do: 'emit', event: { type: 'retry.scheduled', attempt: 1, delayMs: 0, reason: '429' } },
      { do: 'emit', event: { type: 'retry.ended', attempt: 1, ok: true } },
      { do: 'emit', event: { type: 'compaction.started', reason: 'threshold' } },
      { do: 'emit', event: { type: 'context.compacted', reason: 'threshold' } },
      { do: 'say', text: 'done' },
    ],
    approval: () => [
      {
        do: 'ask',
        title: 'May I?',
        answered: ({ choice }) => [{ do: 'say', text: choice === 'allow' ? 'allowed' : 'denied' }],
      },
    ],
    recall: ({ history }) => {
      const texts = history.flatMap(({ from, text }) => (from === 'user' ? [text] : []));
      return [{ do: 'say', text: texts.join('\n') }];
    },
    exitCode: () => [
      { do: 'say', text: 'failing' },
      { do: 'exit', exit: { kind: 'exited', code: 7 } },
    ],
    crash: () => [
      { do: 'say', text: 'last words' },
      { do: 'exit', exit: { kind: 'signaled', signal: 'SIGKILL' } },
    ],
    // Its children exist only for a harness that counts some.
    leavesChildren: () => [{ do: 'say', text: 'ready' }, { do: 'hang' }],
    clearsEnvironment: () => [{ do: 'say', text: 'ready' }, { do: 'hang' }],
    floods: () => [{ do: 'say', text: 'x'.repeat(hugeChars) }, { do: 'hang' }],
    ignoresTerm: () => [{ do: 'ignoreStop' }, { do: 'say', text: 'ready' }, { do: 'hang' }],
  };

async function* play(turn: MemoryTurn, context: HarnessContext): AsyncGenerator<MemoryStep> {
  const { launch, instruction, history } = turn;
  const images = instruction.parts.filter((part) => part.type === 'image').length;
  let written = history.length - 1;
  const writeDown = async (): Promise<void> => {
    for (const { from, text } of history.slice(written)) {
      const seen = { text, images, env: launch.env, model: launch.target.model };
      if (from === 'user') await appendFile(context.witness, `${JSON.stringify(seen)}\n`);
    }
    written = history.length;
  };
  await writeDown();
  const first = instruction.id === launch.instruction.id || context.scenario === 'recall';
  yield* (first ? played[context.scenario]?.(turn, context) : undefined) ?? greeting;
  await writeDown();
}

/** What the scripts of this context have written down. */
async function readWitness(context: HarnessContext): ReturnType<NonNullable<AdapterSetup['witness']>> {
  const lines = (await readFile(context.witness, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  const seen = lines.map((line): { text: string; images: number; env: Record<string, string>; model?: string } =>
    JSON.parse(line),
  );
  const last = seen.at(-1);
  return {
    instructions: seen.map(({ text }) => text),
    images: seen.reduce((sum, { images }) => sum + images, 0),
    ...(last ? { env: last.env } : {}),
    ...(last?.model === undefined ? {} : { model: last.model }),
  };
}

/** The harness of the memory runtime with these options. */
export function memoryHarness(options: Omit<MemoryRuntimeOptions, 'script'> = {}): AdapterHarness {
  return {
    make: (context) => ({
      adapter: memoryRuntime({ ...options, script: (turn) => play(turn, context) }),
      model: 'a-model',
      witness: () => readWitness(context),
    }),
    missing: () =>
      memoryRuntime({ unavailable: { code: 'UNAVAILABLE', reason: 'there is no memory', hint: 'Buy some.' } }),
    unplayable: { leavesChildren: 'it has no processes', clearsEnvironment: 'it has no processes' },
    countProcesses: async (handle) => (memoryRunLives(handle) ? 1 : 0),
    vanish: async (handle) => vanishMemoryRun(handle),
  };
}
