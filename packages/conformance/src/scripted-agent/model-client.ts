/** A message of a chat-completions request. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: 'function';
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
}

/** What to ask the model. */
export interface CompletionRequest {
  /** The base URL of the API, with `/v1`. */
  readonly url: string;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly unknown[];
  /** Called with each piece of text as it arrives. */
  readonly onText: (text: string) => void;
}

/** The answer of the model. */
export interface Completion {
  readonly text: string;
  readonly toolCalls: readonly ReadToolCall[];
}

interface ReadToolCall {
  id: string;
  name: string;
  arguments: string;
}

interface Chunk {
  readonly error?: { readonly message?: string };
  readonly choices?: readonly {
    readonly finish_reason?: string | null;
    readonly delta?: {
      readonly content?: string | null;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
  }[];
}

/** Streams one completion. Throws when the server refuses, and when the stream ends without a finish reason. */
export async function complete(request: CompletionRequest): Promise<Completion> {
  const { model, messages, tools } = request;
  const response = await fetch(`${request.url.replace(/\/+$/, '')}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages, tools, stream: true }),
  });
  if (!response.ok || response.body === null) {
    throw new Error(`the model server answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  }
  let text = '';
  let finished = false;
  const toolCalls: ReadToolCall[] = [];
  for await (const data of eventData(response.body)) {
    if (data === '[DONE]') break;
    const chunk: Chunk = JSON.parse(data);
    if (chunk.error !== undefined) throw new Error(chunk.error.message ?? 'the model server reported an error');
    const choice = chunk.choices?.[0];
    if (choice === undefined) continue;
    finished ||= typeof choice.finish_reason === 'string';
    if (typeof choice.delta?.content === 'string' && choice.delta.content !== '') {
      text += choice.delta.content;
      request.onText(choice.delta.content);
    }
    for (const piece of choice.delta?.tool_calls ?? []) {
      const call = (toolCalls[piece.index] ??= { id: '', name: '', arguments: '' });
      call.id += piece.id ?? '';
      call.name += piece.function?.name ?? '';
      call.arguments += piece.function?.arguments ?? '';
    }
  }
  if (!finished) throw new Error('the model server ended the stream in the middle of an answer');
  return { text, toolCalls };
}

async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim();
  }
}
