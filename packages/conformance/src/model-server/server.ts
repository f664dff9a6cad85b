import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AgentRuntimeError } from '@runtime/contracts';
import { type RequestBody, conversationOf, requestBodySchema } from './conversation.ts';
import { type Selection, ruleSelector } from './match.ts';
import { type Ending, type Performance, playStream, playWhole } from './play.ts';
import { prepareReply } from './reply.ts';
import { BodyTooLarge, readBody } from './request-body.ts';
import { type Fault, type Scenario, type ScenarioInput, parseScenario, replySchema } from './scenario.ts';

/** Options of `startModelServer`. */
export interface ModelServerOptions {
  /** What the model says. */
  readonly scenario: ScenarioInput;
  /** The TCP port on 127.0.0.1. @default 0, any free port */
  readonly port?: number;
  /** How many requests `requests()` keeps; the oldest are dropped. @default 1000 */
  readonly maxRecordedRequests?: number;
}

/** A chat-completions request as it was received, without headers, which hold the client's key. */
export interface RecordedRequest {
  /** Counts from 1 over the life of the server. */
  readonly number: number;
  readonly body: RequestBody;
  /** The name of the rule that answered; absent when none matched. */
  readonly rule?: string;
  /** Absent while the answer is being sent. */
  readonly ending?: Ending;
}

/** A running model server. */
export interface ModelServer {
  /** The base URL of the API: with `/v1`, without a trailing slash. */
  readonly url: string;
  /** A snapshot of the chat-completions requests so far, oldest first. */
  requests(): readonly RecordedRequest[];
  /** Destroys every connection, answered or not, and frees the port. May be called again. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Longer than any prompt that an agent in the tests sends. */
const maxBodyBytes = 64 * 1024 * 1024;

/**
 * Starts a scripted model behind the OpenAI chat-completions API on 127.0.0.1: `POST /v1/chat/completions`, streamed or
 * whole, and `GET /v1/models`. It needs no key and opens no connection of its own. Throws INVALID_ARGUMENT for a
 * scenario that cannot be played and UNAVAILABLE when the port is taken.
 */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const scenario = parseScenario(options.scenario);
  const closing = new AbortController();
  const desk = frontDesk(scenario, options.maxRecordedRequests ?? 1000, closing.signal);
  const server = createServer((request, response) => {
    // An error breaks only the connection on which it happens.
    desk.handle(request, response).catch(() => response.destroy());
  });
  const port = await listen(server, options.port ?? 0);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= shut(server, closing));
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests: () => desk.requests(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface FrontDesk {
  /** Answers one HTTP request. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  requests(): readonly RecordedRequest[];
}

function frontDesk(scenario: Scenario, maxRecorded: number, closing: AbortSignal): FrontDesk {
  const select = ruleSelector(scenario.rules);
  const recorded = new Map<number, RecordedRequest>();
  let count = 0;

  const record = (request: RecordedRequest): void => {
    recorded.set(request.number, request);
    const oldest = recorded.keys().next().value;
    if (recorded.size > maxRecorded && oldest !== undefined) recorded.delete(oldest);
  };

  const complete = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const raw = await readBody(request, maxBodyBytes);
    const body = parseBody(raw);
    if (body === undefined) return refuse(response, 400, 'the body is not a chat-completions request');
    count += 1;
    const number = count;
    const conversation = conversationOf(body);
    const selection = select(conversation, number);
    record({ number, body, ...(selection === undefined ? {} : { rule: selection.name }) });
    const ending = await answer({ response, closing, body, number, selection, requestBytes: raw.length });
    const before = recorded.get(number);
    if (before !== undefined) recorded.set(number, { ...before, ending });
  };

  return {
    requests: () => [...recorded.values()],
    handle: async (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      try {
        if (request.method === 'POST' && pathname === '/v1/chat/completions') return await complete(request, response);
        if (request.method === 'GET' && pathname === '/v1/models') return sendModels(response, scenario.models);
        return refuse(response, 404, `this server has no ${request.method} ${pathname}`);
      } catch (error) {
        if (!(error instanceof BodyTooLarge)) throw error;
        return refuse(response, 413, error.message);
      }
    },
  };
}

interface Order {
  readonly response: ServerResponse;
  readonly closing: AbortSignal;
  readonly body: RequestBody;
  readonly number: number;
  readonly selection: Selection | undefined;
  readonly requestBytes: number;
}

async function answer(order: Order): Promise<Ending> {
  const { response, body, number, selection } = order;
  if (selection === undefined) {
    refuse(response, 400, `no rule of the scenario matches request ${number}`, 'no_rule');
    return 'fault';
  }
  const { fault } = selection.rule;
  if (fault?.type === 'http') {
    refuseByRule(response, fault);
    return 'fault';
  }
  const reply = selection.rule.reply ?? replySchema.parse({});
  const clientClosed = new AbortController();
  response.once('close', () => clientClosed.abort());
  const performance: Performance = {
    response,
    requestNumber: number,
    model: body.model,
    timing: reply,
    prepared: prepareReply(reply, conversationOf(body), number, order.requestBytes),
    fault,
    includeUsage: body.stream_options?.include_usage ?? false,
    signal: AbortSignal.any([order.closing, clientClosed.signal]),
  };
  try {
    return await (body.stream === true ? playStream(performance) : playWhole(performance));
  } catch (error) {
    if (!performance.signal.aborted) throw error;
    return 'clientClosed';
  }
}

function parseBody(raw: Buffer): RequestBody | undefined {
  try {
    return requestBodySchema.safeParse(JSON.parse(raw.toString('utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function refuseByRule(response: ServerResponse, fault: Extract<Fault, { type: 'http' }>): void {
  if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(fault.retryAfterSeconds));
  refuse(response, fault.status, fault.message ?? `scripted HTTP ${fault.status}`, fault.code);
}

const errorTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

function refuse(response: ServerResponse, status: number, message: string, code: string | null = null): void {
  const type = errorTypes[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  sendJson(response, status, { error: { message, type, code } });
}

function sendModels(response: ServerResponse, models: readonly string[]): void {
  const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'scripted' }));
  sendJson(response, 200, { object: 'list', data });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new AgentRuntimeError('UNAVAILABLE', `cannot listen on 127.0.0.1:${port}: ${cause.message}`, {
          hint: 'Leave the port out to take a free one.',
          cause,
        }),
      ),
    );
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function shut(server: Server, closing: AbortController): Promise<void> {
  closing.abort();
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
