import { z } from 'zod';

const messageSchema = z.looseObject({
  role: z.string(),
  content: z
    .union([z.string(), z.null(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))])
    .optional(),
});

/** A chat-completions request as far as the server looks at it; unknown keys pass and are recorded. */
export const requestBodySchema = z.looseObject({
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  messages: z.array(messageSchema).min(1),
});
export type RequestBody = z.infer<typeof requestBodySchema>;

/** What rules and templates can see of a request. */
export interface Conversation {
  readonly model: string;
  readonly systemText: string;
  readonly userTexts: readonly string[];
  readonly toolTexts: readonly string[];
  readonly toolResultsSinceUser: number;
  /** `developer` counts as `system`; another unknown role is kept as it came. */
  readonly lastRole: string;
}

/** Reads the conversation out of a request body. */
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
    // An agent may append system messages of its own after the user's: they do not count as speaking.
    lastRole: roles.findLast((role) => role !== 'system') ?? 'system',
  };
}

function textOf(content: z.infer<typeof messageSchema>['content']): string {
  if (content === undefined || content === null) return '';
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
}
