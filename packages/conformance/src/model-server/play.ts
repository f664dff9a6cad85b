import { access } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Delta, deltas, type PreparedReply, wholeMessage, wireUsage } from './reply.ts';
import type { Fault, Reply } from './scenario.ts';

/** How the server ended a request: in full, by a fault of the scenario, or because the client closed the connection. */
export type Ending = 'answered' | 'fault' | 'clientClosed';

/** One answer on its way to the client. */
export interface Performance {
  readonly response: ServerResponse;
  readonly requestNumber: number;
  readonly model: string;
  /** Timing and gate of the rule's reply; its content is in `prepared`. */
  readonly timing: Pick<Reply, 'firstDelayMs' | 'delayMs' | 'gate'>;
  readonly prepared: PreparedReply;
  readonly fault: Exclude<Fault, { type: 'http' }> | undefined;
  /** Whether the client asked for a usage chunk. */
  readonly includeUsage: boolean;
  /** Aborted when the client closes the connection or the server closes: it ends every wait. */
  readonly signal: AbortSignal;
}

const gatePollMs = 10;

/** Streams a reply as server-sent events: role, increments, finish reason, usage, `[DONE]`, or up to the fault. */
export async function playStream(performance: Performance): Promise<Ending> {
  const { response, prepared, fault, signal } = performance;
  if (fault?.type === 'hang' && fault.afterChunks === undefined) return hang(signal);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  await sendChunk(performance, { choices: [choice({ role: 'assistant', content: '' }, null)] });
  const played = await playDeltas(performance);
  if (played === 'fault') return playFault(performance);
  await sendChunk(performance, { choices: [choice({}, prepared.finishReason)] });
  if (performance.includeUsage) await sendChunk(performance, { choices: [], usage: wireUsage(prepared.usage) });
  response.end('data: [DONE]\n\n');
  return 'answered';
}

/** Answers `stream: false` with one JSON body. `hang` and `breakStream` send none. */
export async function playWhole(performance: Performance): Promise<Ending> {
  const { response, prepared, fault, timing, signal } = performance;
  if (fault?.type === 'hang') return hang(signal);
  await pause(timing.firstDelayMs, signal);
  if (timing.gate !== undefined) await untilFile(timing.gate.file, signal);
  if (fault?.type === 'breakStream') {
    response.destroy();
    return 'fault';
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  const body = {
    ...envelope(performance, 'chat.completion'),
    choices: [{ index: 0, message: wholeMessage(prepared), finish_reason: prepared.finishReason }],
    usage: wireUsage(prepared.usage),
  };
  response.end(fault?.type === 'badJson' ? '{"choices": [' : JSON.stringify(body));
  return fault === undefined ? 'answered' : 'fault';
}

async function playDeltas(performance: Performance): Promise<'all' | 'fault'> {
  const { prepared, timing, fault, signal } = performance;
  await pause(timing.firstDelayMs, signal);
  let sent = 0;
  for (const delta of deltas(prepared)) {
    if (fault?.afterChunks === sent) return 'fault';
    if (timing.gate?.afterChunks === sent) await untilFile(timing.gate.file, signal);
    if (sent > 0) await pause(timing.delayMs, signal);
    await sendChunk(performance, { choices: [choice(delta, null)] });
    sent += 1;
  }
  if (timing.gate !== undefined && timing.gate.afterChunks >= sent) await untilFile(timing.gate.file, signal);
  // A fault after the last chunk replaces the end: the finish reason is not sent.
  return fault === undefined ? 'all' : 'fault';
}

async function playFault({ response, fault, signal }: Performance): Promise<Ending> {
  if (fault?.type === 'hang') return hang(signal);
  if (fault?.type === 'badJson') {
    response.end('data: {"choices": [\n\n');
    return 'fault';
  }
  // An SSE comment, only for its callback: earlier writes must be flushed before the socket is destroyed.
  await new Promise<void>((resolve) => response.write(': \n\n', () => resolve()));
  response.destroy();
  return 'fault';
}

function hang(signal: AbortSignal): Promise<Ending> {
  if (signal.aborted) return Promise.resolve('clientClosed');
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('clientClosed'), { once: true }));
}

/** Writes one event and waits until the client has room, so that a flood does not fill the memory. */
async function sendChunk(performance: Performance, body: Record<string, unknown>): Promise<void> {
  const { response, signal } = performance;
  signal.throwIfAborted();
  const line = JSON.stringify({ ...envelope(performance, 'chat.completion.chunk'), ...body });
  if (response.write(`data: ${line}\n\n`)) return;
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => settle(() => reject(signal.reason));
    const onDrain = (): void => settle(resolve);
    const settle = (done: () => void): void => {
      response.off('drain', onDrain);
      signal.removeEventListener('abort', onAbort);
      done();
    };
    response.on('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function envelope({ requestNumber, model }: Performance, object: string): Record<string, unknown> {
  return { id: `chatcmpl-${requestNumber}`, object, created: Math.floor(Date.now() / 1000), model };
}

function choice(delta: Delta & { role?: string }, finishReason: string | null): Record<string, unknown> {
  return { index: 0, delta, finish_reason: finishReason };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal });
}

async function untilFile(file: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (exists) return;
    await sleep(gatePollMs, undefined, { signal });
  }
}
