import { z } from 'zod';
import { type ModelServer, type RuleInput, startModelServer } from '../../src/model-server/index.ts';

export interface Message {
  role: string;
  content: unknown;
}
export const user = (content: unknown): Message => ({ role: 'user', content });
export const tool = (content: string): Message => ({ role: 'tool', content });
export const assistant: Message = { role: 'assistant', content: 'ok' };

export function post(server: ModelServer, messages: Message[], extra: object = {}): Promise<Response> {
  return fetch(`${server.url}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'fake-1', messages, ...extra }),
  });
}

const completionSchema = z.object({
  error: z.object({ message: z.string() }).optional(),
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullable(),
          tool_calls: z.array(z.object({ function: z.object({ name: z.string(), arguments: z.string() }) })).optional(),
        }),
      }),
    )
    .optional(),
});

/** The answer's text, with the names of called tools in brackets. */
export async function ask(server: ModelServer, messages: Message[], extra: object = {}): Promise<string> {
  const response = await post(server, messages, extra);
  const body = completionSchema.parse(await response.json());
  if (!response.ok) return `HTTP ${response.status} ${body.error?.message}`;
  const { content, tool_calls: calls = [] } = body.choices?.[0]?.message ?? {};
  return `${content ?? ''}${calls.map((call) => `[${call.function.name} ${call.function.arguments}]`).join('')}`;
}

export async function events(response: Response): Promise<string[]> {
  return (await response.text())
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice(6));
}

export const serve = (...rules: RuleInput[]): Promise<ModelServer> => startModelServer({ scenario: { rules } });
