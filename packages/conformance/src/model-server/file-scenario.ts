import type { RuleInput, ScenarioInput } from './scenario.ts';

/** Options of `writeFileScenario`. */
export interface FileScenarioOptions {
  /** The file that the agent writes. The tool gets it as it is; a relative path is in the agent's workspace. */
  readonly path: string;
  /** The content of the file. The text of each steer is added as a further line. */
  readonly text: string;
  /** How many chunks are streamed before the first tool call: with `stepMs`, the time for a steer. @default 40 */
  readonly steps?: number;
  /** Milliseconds between chunks. @default 50 */
  readonly stepMs?: number;
  /** Seconds for which the tool `bash` sleeps after the file was written. @default 0, no call of `bash` */
  readonly bashSleepSeconds?: number;
  /** The models that the server lists. @default ['fake-1'] */
  readonly models?: string[];
}

/**
 * A demonstration: the agent thinks aloud for a while, writes a file, sleeps a little and says that it is done.
 * It answers a steer (a further user message of the conversation) with `steered: <text>` and writes the file again,
 * with the text of every steer so far. The tools are `write` (`path`, `content`) and `bash` (`command`).
 */
export function writeFileScenario(options: FileScenarioOptions): ScenarioInput {
  const { path, text, steps = 40, stepMs = 50, bashSleepSeconds = 0, models } = options;
  const write = (content: string): NonNullable<NonNullable<RuleInput['reply']>['toolCalls']> => [
    { name: 'write', arguments: { path, content } },
  ];
  const sleepRule: RuleInput = {
    name: 'sleep',
    when: { lastRole: 'tool', userMessages: 1, toolResultsSinceUser: 1 },
    reply: { toolCalls: [{ name: 'bash', arguments: { command: `sleep ${bashSleepSeconds}` } }] },
  };
  return {
    ...(models === undefined ? {} : { models }),
    rules: [
      {
        name: 'steer',
        when: { lastRole: 'user', userMessages: { min: 2 } },
        reply: { text: ['steered: ', '{{lastUserText}}'], toolCalls: write(`${text}\n{{laterUserTexts}}\n`) },
      },
      {
        name: 'prompt',
        when: { lastRole: 'user' },
        reply: { text: thinking(path, steps), delayMs: stepMs, toolCalls: write(`${text}\n`) },
      },
      ...(bashSleepSeconds > 0 ? [sleepRule] : []),
      { name: 'done', when: { lastRole: 'tool' }, reply: { text: `Done: ${path} is written.` } },
    ],
  };
}

/** Exactly `steps` chunks of words. */
function thinking(path: string, steps: number): string[] {
  const opening = ['I ', 'will ', 'write ', `${path}. `];
  const filler = ['Let ', 'me ', 'think ', 'about ', 'what ', 'belongs ', 'in ', 'it. '];
  return Array.from(
    { length: steps },
    (_item, index) => opening[index] ?? filler[(index - opening.length) % filler.length] ?? '',
  );
}
