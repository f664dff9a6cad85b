import { z } from 'zod';

const messageSchema = z.looseObject({
  role: z.string(),
  content: z
    .union([z.string(), z.null(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))])
    .optional(),
});

/** The fields of a chat-completions request that the server reads. Other keys pass and are recorded. */
export const requestBodySchema = z.looseObject({
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  messages: z.array(messageSchema).min(1),
});
/** A chat-completions request. */
export type RequestBody = z.infer<typeof requestBodySchema>;

/** The part of a request that rules and templates use. */
export interface Conversation {
  readonly model: string;
  readonly systemText: string;
  readonly userTexts: readonly string[];
  readonly toolTexts: readonly string[];
  readonly toolResultsSinceUser: number;
  /** The role of the last message that is not a system message. `developer` counts as `system`. */
  readonly lastRole: string;
}

/** Extracts the conversation from a request body. */
export function conversationOf(body: RequestBody): Conversation {
  const roles = body.messages.map((message) => (message.role === 'developer' ? 'system' : message.role));
  const textsOf = (role: string): string[] =>
    body.messages.filter((_message, index) => roles[index] === role).map((message) => textOf(message.content));
  return {
    model: body.model,
    systemText: textsOf('system').join('\n'),
    userTexts: textsOf('user'),
    toolTexts: textsOf('tool'),
    toolResultsSinceUser: roles.slice(roles.lastIndexOf('user') + 1).filter((role) => role === 'tool').length,
    // Agents append system messages after the user's.
    lastRole: roles.findLast((role) => role !== 'system') ?? 'system',
  };
}

function textOf(content: z.infer<typeof messageSchema>['content']): string {
  if (content === undefined || content === null) return '';
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
}
