import type { RuleInput, ScenarioInput } from './scenario.ts';

export interface FileScenarioOptions {
  /** The file the agent is to write, as the tool gets it: relative paths are in the agent's workspace. */
  readonly path: string;
  /** What it is to hold. A steer's text is added as a further line. */
  readonly text: string;
  /** Chunks streamed before the first tool call: with `stepMs` the time there is to steer. @default 40 */
  readonly steps?: number;
  /** Milliseconds between them. @default 50 */
  readonly stepMs?: number;
  /** Runs `sleep` in the tool `bash` for so many seconds after the file is written. @default 0, which leaves it out */
  readonly bashSleepSeconds?: number;
  /** @default ['fake-1'] */
  readonly models?: string[];
}

/**
 * The demonstration: the agent thinks aloud for a while, writes a file, sleeps a little and says that it is done.
 * A further user message in the conversation is a steer: it is answered with `steered: <text>`, and the file is written again with every steer so far in it.
 * The tools are called `write` with `path` and `content`, and `bash` with `command`.
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

/** Exactly `steps` chunks of plain words. */
function thinking(path: string, steps: number): string[] {
  const opening = ['I ', 'will ', 'write ', `${path}. `];
  const filler = ['Let ', 'me ', 'think ', 'about ', 'what ', 'belongs ', 'in ', 'it. '];
  return Array.from(
    { length: steps },
    (_item, index) => opening[index] ?? filler[(index - opening.length) % filler.length] ?? '',
  );
}
