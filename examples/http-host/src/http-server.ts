import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AgentRuntimeError, type ControlPlane, type ErrorCode, type TaskHandle } from '@runtime/contracts';
import type { Delay } from './heartbeat.ts';

/** What the server serves. */
export interface Served {
  readonly plane: ControlPlane;
  readonly heartbeat: { readonly read: () => Delay };
  /** Where agents work. */
  readonly workspace: string;
  /** Whoever knows it may have agents started. */
  readonly token: string;
}

const maxPromptBytes = 64 * 1024;
const statusOf: Partial<Record<ErrorCode, number>> = { NOT_FOUND: 404, INVALID_ARGUMENT: 400, CONFLICT: 409 };

/**
 *     POST /tasks               starts a task: the body is its prompt; the same `Idempotency-Key`, the same task
 *     GET  /tasks/<id>/events   its events, as server-sent events; after a break the `Last-Event-ID` goes on
 *     GET  /heartbeat           how late the event loop was since the last asking
 */
export function httpServer(host: Served): Server {
  return createServer((request, response) => {
    answer(host, request, response).catch((thrown: unknown) => {
      // Half a stream has no status any more: the reader sees that it broke, and comes back with its last id.
      if (response.headersSent) response.destroy();
      else sendError(response, AgentRuntimeError.from(thrown));
    });
  });
}

async function answer(host: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.headers.authorization !== `Bearer ${host.token}`) return sendJson(response, 401, {});
  const { pathname } = new URL(request.url ?? '/', 'http://host');
  const route = `${request.method} ${pathname}`;
  if (route === 'GET /heartbeat') return sendJson(response, 200, host.heartbeat.read());
  if (route === 'POST /tasks') return startTask(host, request, response);
  const [, id] = /^GET \/tasks\/([^/]+)\/events$/.exec(route) ?? [];
  if (id !== undefined) return sendEvents(host.plane.task(id), request, response);
  return sendJson(response, 404, {});
}

async function startTask({ plane, workspace }: Served, request: IncomingMessage, response: ServerResponse) {
  const key = request.headers['idempotency-key'];
  const prompt = await readBody(request);
  const task = await plane.submit({
    prompt,
    workspace,
    shareWorkspace: true,
    ...(typeof key === 'string' ? { key } : {}),
  });
  sendJson(response, 201, { id: task.id });
}

/** Replays, follows, and ends after the task's end. The log is the buffer: a slow reader slows nobody. */
async function sendEvents(task: TaskHandle, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const after = request.headers['last-event-id'];
  const left = new AbortController();
  response.once('close', () => left.abort());
  const { signal } = left;
  await task.status({ signal });
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for await (const { cursor, ...event } of task.events({ signal, ...(typeof after === 'string' ? { after } : {}) })) {
    const isRoom = response.write(`id: ${cursor}\ndata: ${JSON.stringify(event)}\n\n`);
    if (!isRoom) await once(response, 'drain', { signal });
  }
  response.end();
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxPromptBytes) {
      throw new AgentRuntimeError('INVALID_ARGUMENT', `a prompt has at most ${maxPromptBytes} bytes here`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendError(response: ServerResponse, { code, rawMessage, hint }: AgentRuntimeError): void {
  sendJson(response, statusOf[code] ?? 500, { code, message: rawMessage, hint });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
