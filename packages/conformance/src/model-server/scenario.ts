import { AgentRuntimeError } from '@runtime/contracts';
import { z } from 'zod';
import { templateNames, templatesIn } from './template.ts';

/** A string that the text must contain, or a regular expression that it must match. */
const textMatchSchema = z.union([
  z.string().min(1),
  z.strictObject({ regex: z.string().min(1), flags: z.string().optional() }),
]);
export type TextMatch = z.infer<typeof textMatchSchema>;

/** An exact number, or a range that includes both ends. */
const countMatchSchema = z.union([
  z.int().nonnegative(),
  z.strictObject({ min: z.int().nonnegative().optional(), max: z.int().nonnegative().optional() }),
]);
export type CountMatch = z.infer<typeof countMatchSchema>;

/** Every condition that is given must hold. An empty `when` matches every request. */
const conditionSchema = z.strictObject({
  /** The text of the last user message: a steer comes as a further user message of the same conversation. */
  lastUser: textMatchSchema.optional(),
  /** Any user message. */
  anyUser: textMatchSchema.optional(),
  /** All system and developer messages together. */
  system: textMatchSchema.optional(),
  lastToolResult: textMatchSchema.optional(),
  /** Who spoke last: `tool` right after a tool ran, `user` for a prompt or a steer. */
  lastRole: z.enum(['user', 'assistant', 'tool', 'system']).optional(),
  userMessages: countMatchSchema.optional(),
  toolResults: countMatchSchema.optional(),
  toolResultsSinceUser: countMatchSchema.optional(),
  model: z.string().optional(),
  /** The number of the request over the server's whole life, from 1. */
  nth: countMatchSchema.optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

const chunksSchema = z.union([z.string(), z.array(z.string())]);
const waitSchema = z.number().nonnegative().max(3_600_000);

const toolCallSchema = z.strictObject({
  name: z.string().min(1),
  /** An object is sent as JSON; a string is sent as it is, so that broken arguments can be played. */
  arguments: z.union([z.record(z.string(), z.json()), z.string()]).default({}),
  /** @default `call_<request>_<index>` */
  id: z.string().min(1).optional(),
  /** In how many pieces the arguments are streamed. @default 3 */
  pieces: z.int().min(1).max(1000).default(3),
});

const usageSchema = z.strictObject({
  promptTokens: z.int().nonnegative(),
  completionTokens: z.int().nonnegative(),
  cachedTokens: z.int().nonnegative().default(0),
});
export type Usage = z.infer<typeof usageSchema>;

export const replySchema = z.strictObject({
  /** Sent before the text. A string is cut into words, an array is sent as the chunks it lists. */
  reasoning: chunksSchema.optional(),
  text: chunksSchema.optional(),
  /** How often the text is sent over: a flood in few bytes of scenario. */
  repeatText: z.int().min(1).max(1_000_000).default(1),
  toolCalls: z.array(toolCallSchema).default([]),
  /** Milliseconds before the first chunk. @default 0 */
  firstDelayMs: waitSchema.default(0),
  /** Milliseconds between chunks. @default 0 */
  delayMs: waitSchema.default(0),
  /** The stream halts after so many chunks until the file exists: a test opens this gate instead of sleeping. */
  gate: z.strictObject({ afterChunks: z.int().nonnegative(), file: z.string().min(1) }).optional(),
  /** @default one token per four characters of the request and of the reply */
  usage: usageSchema.optional(),
  /** `null` leaves it out, as a broken backend does. @default 'tool_calls' with tool calls, else 'stop' */
  finishReason: z.string().nullable().optional(),
});
export type Reply = z.infer<typeof replySchema>;

const faultSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('http'),
    status: z.int().min(400).max(599),
    retryAfterSeconds: z.number().nonnegative().optional(),
    message: z.string().optional(),
    code: z.string().optional(),
  }),
  /** Sends nothing more. Without `afterChunks` not even the headers are sent. */
  z.strictObject({ type: z.literal('hang'), afterChunks: z.int().nonnegative().optional() }),
  /** The socket is destroyed after so many chunks of the reply. */
  z.strictObject({ type: z.literal('breakStream'), afterChunks: z.int().nonnegative().default(0) }),
  /** Ends with a `data:` line that is not JSON. */
  z.strictObject({ type: z.literal('badJson'), afterChunks: z.int().nonnegative().default(0) }),
]);
/** How a request fails. */
export type Fault = z.infer<typeof faultSchema>;

const ruleSchema = z
  .strictObject({
    /** The name in the recorded request. @default the number of the rule in the list, from 1 */
    name: z.string().optional(),
    when: conditionSchema.default({}),
    /** The rule answers only so many requests. @default every one that matches */
    times: z.int().positive().optional(),
    reply: replySchema.optional(),
    fault: faultSchema.optional(),
  })
  .refine((rule) => rule.reply !== undefined || rule.fault !== undefined, 'a rule needs a reply or a fault');
/** When a rule answers, and how. A rule with a fault and a reply fails while it streams the reply. */
export type Rule = z.infer<typeof ruleSchema>;

/**
 * What the model says, as data. The first rule that matches and is not used up answers.
 * A request that no rule matches gets HTTP 400, which agents do not retry.
 */
const scenarioSchema = z.strictObject({
  models: z.array(z.string().min(1)).min(1).default(['fake-1']),
  rules: z.array(ruleSchema).min(1),
});
/** A checked scenario with its defaults filled in. */
export type Scenario = z.infer<typeof scenarioSchema>;
/** A scenario as people write it: fields with a default may be left out. */
export type ScenarioInput = z.input<typeof scenarioSchema>;
/** A rule as people write it. */
export type RuleInput = z.input<typeof ruleSchema>;

/**
 * Checks a scenario and fills in its defaults.
 * Throws INVALID_ARGUMENT for a wrong shape, a regular expression that does not compile and a `{{template}}` that does
 * not exist.
 */
export function parseScenario(input: unknown): Scenario {
  const parsed = scenarioSchema.safeParse(input);
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error), parsed.error);
  for (const [index, rule] of parsed.data.rules.entries()) checkRule(rule, index);
  return parsed.data;
}

function checkRule(rule: Rule, index: number): void {
  const { lastUser, anyUser, system, lastToolResult } = rule.when;
  for (const match of [lastUser, anyUser, system, lastToolResult]) {
    if (match === undefined || typeof match === 'string') continue;
    try {
      RegExp(match.regex, match.flags);
    } catch (cause) {
      throw invalid(`rule ${index + 1}: ${String(cause)}`, cause);
    }
  }
  const unknown = templatesIn(rule.reply).find((name) => !templateNames.has(name));
  if (unknown !== undefined) throw invalid(`rule ${index + 1}: there is no template {{${unknown}}}`, undefined);
}

function invalid(message: string, cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', `the scenario cannot be played: ${message}`, {
    hint: `Correct the scenario; the templates are ${[...templateNames].join(', ')}.`,
    cause,
  });
}
