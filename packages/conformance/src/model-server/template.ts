import type { Conversation } from './conversation.ts';

const pattern = /\{\{(\w+)\}\}/g;

/** What a `{{name}}` stands for, computed from the request it answers. */
const templates: Readonly<Record<string, (conversation: Conversation, requestNumber: number) => string>> = {
  lastUserText: (conversation) => conversation.userTexts.at(-1) ?? '',
  firstUserText: (conversation) => conversation.userTexts[0] ?? '',
  /** Everything said after the first user message, a line each: all steers so far. */
  laterUserTexts: (conversation) => conversation.userTexts.slice(1).join('\n'),
  lastToolResult: (conversation) => conversation.toolTexts.at(-1) ?? '',
  userMessages: (conversation) => String(conversation.userTexts.length),
  toolResults: (conversation) => String(conversation.toolTexts.length),
  model: (conversation) => conversation.model,
  requestNumber: (_conversation, requestNumber) => String(requestNumber),
};

export const templateNames: ReadonlySet<string> = new Set(Object.keys(templates));

/** Every template named anywhere in a value, at any depth. */
export function templatesIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(pattern)].flatMap((match) => match[1] ?? []);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(templatesIn);
}

/** Fills the templates of a text. What is filled in is not filled again: a user who writes `{{model}}` gets it back as written. */
export function fill(text: string, conversation: Conversation, requestNumber: number): string {
  return text.replaceAll(pattern, (whole, name: string) => templates[name]?.(conversation, requestNumber) ?? whole);
}

/** The same for every string of a JSON value; keys stay. */
export function fillJson(value: unknown, conversation: Conversation, requestNumber: number): unknown {
  if (typeof value === 'string') return fill(value, conversation, requestNumber);
  if (Array.isArray(value)) return value.map((item) => fillJson(item, conversation, requestNumber));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fillJson(item, conversation, requestNumber)]),
  );
}
