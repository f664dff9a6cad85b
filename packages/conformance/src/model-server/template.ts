import type { Conversation } from './conversation.ts';

const pattern = /\{\{(\w+)\}\}/g;

/** The value of each `{{name}}`, computed from the request. */
const templates: Readonly<Record<string, (conversation: Conversation, requestNumber: number) => string>> = {
  lastUserText: (conversation) => conversation.userTexts.at(-1) ?? '',
  firstUserText: (conversation) => conversation.userTexts[0] ?? '',
  /** The user messages after the first one, a line each: all steers so far. */
  laterUserTexts: (conversation) => conversation.userTexts.slice(1).join('\n'),
  lastToolResult: (conversation) => conversation.toolTexts.at(-1) ?? '',
  userMessages: (conversation) => String(conversation.userTexts.length),
  toolResults: (conversation) => String(conversation.toolTexts.length),
  model: (conversation) => conversation.model,
  requestNumber: (_conversation, requestNumber) => String(requestNumber),
};

/** The names that `{{…}}` may hold. */
export const templateNames: ReadonlySet<string> = new Set(Object.keys(templates));

/** The template names in the strings of a value, at any depth. */
export function templatesIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(pattern)].flatMap((match) => match[1] ?? []);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(templatesIn);
}

/** Fills in the templates of a text, once: a user text that contains `{{model}}` comes back as it is. */
export function fill(text: string, conversation: Conversation, requestNumber: number): string {
  return text.replaceAll(pattern, (whole, name: string) => templates[name]?.(conversation, requestNumber) ?? whole);
}

/** Fills in the templates of every string of a JSON value, but not of its keys. */
export function fillJson(value: unknown, conversation: Conversation, requestNumber: number): unknown {
  if (typeof value === 'string') return fill(value, conversation, requestNumber);
  if (Array.isArray(value)) return value.map((item) => fillJson(item, conversation, requestNumber));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fillJson(item, conversation, requestNumber)]),
  );
}
