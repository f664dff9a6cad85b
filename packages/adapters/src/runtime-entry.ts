import { promptModeOf, type PromptMode } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, runtimeIdSchema } from '@runtime/contracts';
import { z } from 'zod';

interface Commanded {
  readonly command: readonly string[];
  readonly prompt?: PromptMode | undefined;
}

/** The command and `prompt` of an entry have to agree; `plain` are the modes that need no template. */
function hasOnePrompt(plain: readonly [PromptMode, ...PromptMode[]]) {
  return (entry: Commanded, context: z.core.$RefinementCtx): void => {
    try {
      promptModeOf(entry.command, entry.prompt, plain);
    } catch (error) {
      const message = AgentRuntimeError.from(error).rawMessage;
      context.addIssue({ code: 'custom', message, path: ['prompt'], input: entry });
    }
  };
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').unicode;
  } catch {
    return false;
  }
}

// The adapters refuse the same, but only once one of them is made, and without the name of the setting.
const text = z.string().refine((value) => !value.includes('\0'), 'expected a text without NUL characters');
const longestTimerMs = 2_147_483_647;
const timerMs = z.int().min(1).max(longestTimerMs);

const command = z
  .array(text.min(1).max(65_536))
  .min(1)
  .max(1000)
  .describe(
    'The program and its arguments; they do not go through a shell. A relative path of the program starts at this file.',
  );

const passEnv = z
  .array(z.string().regex(/^[A-Za-z_]\w*\*?$/, 'expected the name of a variable; a trailing * matches any rest'))
  .max(200)
  .optional()
  .describe('Variables of the calling shell that every run on this runtime gets, such as ANTHROPIC_*.');

const piSchema = z
  .strictObject({
    adapter: z.literal('pi'),
    command: command.optional(),
    args: z.array(text).max(100).optional().describe('Further arguments for pi.'),
    isolate: z.boolean().optional().describe('A private agent directory for each run.'),
    extensions: z.boolean().optional().describe("Load the user's and trusted projects' extensions."),
    offline: z.boolean().optional().describe('Pi makes no network calls of its own.'),
    images: z.boolean().optional(),
    startupMs: timerMs.optional(),
    passEnv,
  })
  .describe('The Pi coding agent over its RPC mode.');

const tmuxSchema = z
  .strictObject({
    adapter: z.literal('tmux'),
    command: command.refine(
      ([program = '']) => !program.includes('{prompt'),
      'expected a program that is not itself the prompt',
    ),
    prompt: z
      .enum(['argument', 'file', 'stdin', 'paste'])
      .optional()
      .describe('How the first instruction reaches the agent.'),
    size: z.strictObject({ columns: z.int().min(20).max(1000), rows: z.int().min(5).max(1000) }).optional(),
    submitKey: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,20}$/, 'expected the tmux name of one key')
      .optional()
      .describe('The tmux name of the key that submits a paste.'),
    readyPattern: z
      .string()
      .refine(isPattern, 'expected a regular expression')
      .optional()
      .describe('A line of the screen that shows that the agent is ready for input.'),
    readyTimeoutMs: timerMs.optional(),
    lingerMs: timerMs.optional().describe('How long the screen stays after the agent ended, in milliseconds.'),
    tmux: text.min(1).optional().describe('The tmux to use.'),
    passEnv,
  })
  .superRefine(hasOnePrompt(['paste', 'stdin']))
  .describe(
    'A command in a tmux pane that people can attach to. In an argument, {prompt} stands for the prompt, {promptFile} for the path of a file with the prompt, and {workspace} for the workspace.',
  );

const localSchema = z
  .strictObject({
    adapter: z.literal('local'),
    command,
    prompt: z.enum(['stdin', 'file', 'argument']).optional().describe('How the command gets its prompt.'),
    versionArgs: z.array(text).max(100).optional().describe('Arguments that make the command print its version.'),
    passEnv,
  })
  .superRefine(hasOnePrompt(['stdin']))
  .describe(
    'A command that runs to its end. It gets the prompt on its standard input, unless an argument contains {prompt} or {promptFile}.',
  );

/** One runtime: which adapter, and its options. */
export const runtimeEntrySchema = z.discriminatedUnion('adapter', [piSchema, tmuxSchema, localSchema], {
  error: 'expected "adapter" to be one of "pi", "tmux", "local"',
});
/** The configuration of one runtime: its adapter, and the options of the adapter. */
export type RuntimeEntry = z.infer<typeof runtimeEntrySchema>;

/** Runtimes by id, in order of preference: at least one, at most 64. */
export const runtimesSchema = z
  .record(runtimeIdSchema, runtimeEntrySchema)
  .refine((runtimes) => Object.keys(runtimes).length > 0, 'expected at least one runtime')
  .refine((runtimes) => Object.keys(runtimes).length <= 64, 'expected at most 64 runtimes')
  .describe('The runtimes by id, in order of preference.');
/** Runtimes by id, in order of preference. */
export type Runtimes = z.infer<typeof runtimesSchema>;
