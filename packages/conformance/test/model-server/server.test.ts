import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startModelServer } from '../../src/model-server/index.ts';
import { temporaryFolder } from '../support/agent-process.ts';

import { ask, events, post, serve, user } from '../support/completions.ts';

describe('streams', () => {
  test('send role, reasoning, text, tool calls in pieces, finish reason, usage and [DONE], in this order', async () => {
    await using server = await serve({
      reply: {
        reasoning: 'Hm.',
        text: ['Hel', 'lo'],
        toolCalls: [{ name: 'write', arguments: { path: 'a', content: '😀😀' }, pieces: 4 }],
        usage: { promptTokens: 7, completionTokens: 3 },
      },
    });
    const response = await post(server, [user('x')], { stream: true, stream_options: { include_usage: true } });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const data = await events(response);
    expect(data.at(-1)).toBe('[DONE]');
    const chunks = data.slice(0, -1).map((line) => JSON.parse(line));
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    });
    expect(chunks.at(-2).choices[0]).toMatchObject({ delta: {}, finish_reason: 'tool_calls' });
    const deltas = chunks.slice(0, -2).map(({ choices }) => choices[0].delta);
    expect(deltas.slice(0, 4)).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'Hm.' },
      { content: 'Hel' },
      { content: 'lo' },
    ]);
    const calls = deltas.slice(4).map(({ tool_calls: calls }) => calls[0]);
    expect(calls[0]).toMatchObject({ index: 0, id: 'call_1_0', function: { name: 'write', arguments: '' } });
    expect(calls).toHaveLength(5);
    expect(JSON.parse(calls.map((call) => call.function.arguments).join(''))).toEqual({ path: 'a', content: '😀😀' });
  });

  test('leave the usage out when nobody asked for it, and the finish reason when the scenario says null', async () => {
    await using server = await serve({ reply: { text: 'x', finishReason: null } });
    const data = await events(await post(server, [user('x')], { stream: true }));
    expect(data.join()).not.toContain('usage');
    expect(data.join()).not.toContain('"stop"');
  });

  test('wait between chunks', async () => {
    await using server = await serve({ reply: { text: ['a', 'b', 'c', 'd'], delayMs: 30, firstDelayMs: 30 } });
    const startedAt = performance.now();
    await events(await post(server, [user('x')], { stream: true }));
    expect(performance.now() - startedAt).toBeGreaterThan(110);
  });

  test('halt at a gate until its file is there', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'gate');
    await using server = await serve({ reply: { text: ['before', 'after'], gate: { afterChunks: 1, file } } });
    const response = await post(server, [user('x')], { stream: true });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('before')) seen += (await reader?.read())?.value ?? '';
    await sleep(50);
    expect(seen).not.toContain('after');
    await writeFile(file, '');
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) seen += part.value;
    expect(seen).toContain('after');
  });

  test('of a flood are not held in memory while the client does not read', async () => {
    await using server = await serve({ reply: { text: ['y'.repeat(1000)], repeatText: 1_000_000 } });
    const response = await post(server, [user('x')], { stream: true });
    const before = process.memoryUsage().rss;
    await sleep(200);
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    await response.body?.cancel();
    await expect.poll(() => server.requests()[0]?.ending).toBe('clientClosed');
  });
});

describe('faults', () => {
  test.for([
    { status: 401, type: 'authentication_error' },
    { status: 429, type: 'rate_limit_error' },
    { status: 500, type: 'server_error' },
  ])('HTTP $status comes as an error body with its type', async ({ status, type }) => {
    await using server = await serve({
      fault: { type: 'http', status, retryAfterSeconds: 2, message: 'no', code: 'c' },
    });
    const response = await post(server, [user('x')], { stream: true });
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, '2']);
    expect(await response.json()).toEqual({ error: { message: 'no', type, code: 'c' } });
  });

  test('a broken stream delivers every chunk before the break, and no end', async () => {
    await using server = await serve({
      reply: { text: ['one', 'two', 'three'] },
      fault: { type: 'breakStream', afterChunks: 2 },
    });
    const response = await post(server, [user('x')], { stream: true });
    let seen = '';
    const reading = (async () => {
      for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) seen += part;
    })();
    await expect(reading).rejects.toThrow('terminated');
    expect([seen.includes('two'), seen.includes('three'), seen.includes('[DONE]')]).toEqual([true, false, false]);
    await expect.poll(() => server.requests()[0]?.ending).toBe('fault');
  });

  test('a hang goes on until the client leaves, before the headers or after some chunks', async () => {
    await using server = await serve(
      { times: 1, fault: { type: 'hang' } },
      { reply: { text: ['one', 'two'] }, fault: { type: 'hang', afterChunks: 1 } },
    );
    const leaving = AbortSignal.timeout(60);
    await expect(
      fetch(`${server.url}/chat/completions`, {
        method: 'POST',
        signal: leaving,
        body: JSON.stringify({ model: 'm', stream: true, messages: [user('x')] }),
      }),
    ).rejects.toThrow();
    const response = await post(server, [user('x')], { stream: true });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('one')) seen += (await reader?.read())?.value ?? '';
    expect(server.requests().at(-1)?.ending).toBe(undefined);
    await reader?.cancel();
    await expect.poll(() => server.requests().map(({ ending }) => ending)).toEqual(['clientClosed', 'clientClosed']);
  });

  test('bad JSON comes in place of the end', async () => {
    await using server = await serve({ reply: { text: 'x' }, fault: { type: 'badJson', afterChunks: 1 } });
    const data = await events(await post(server, [user('x')], { stream: true }));
    expect(() => JSON.parse(data.at(-1) ?? '')).toThrow(SyntaxError);
  });
});

describe('the server', () => {
  test('lists its models and knows no other path', async () => {
    await using server = await startModelServer({ scenario: { models: ['a', 'b'], rules: [{ reply: {} }] } });
    const models = await (await fetch(`${server.url}/models`)).json();
    expect(models).toMatchObject({ object: 'list', data: [{ id: 'a' }, { id: 'b' }] });
    expect((await fetch(`${server.url}/embeddings`)).status).toBe(404);
  });

  test('records each request with its body, rule and ending, the newest only, in snapshots', async () => {
    await using server = await startModelServer({
      scenario: { rules: [{ name: 'greet', reply: { text: 'x' } }] },
      maxRecordedRequests: 2,
    });
    for (const text of ['a', 'b', 'c']) await ask(server, [user(text)], { temperature: 1 });
    expect(server.requests()).toMatchObject([
      { number: 2 },
      { number: 3, rule: 'greet', ending: 'answered', body: { temperature: 1, messages: [user('c')] } },
    ]);
    expect(server.requests()).not.toBe(server.requests());
  });

  test('answers a body that is no request with 400 and one over 64 MiB with 413', async () => {
    await using server = await serve({ reply: { text: 'still here' } });
    for (const body of ['{', '{}', '{"model":"m","messages":[]}'])
      expect((await fetch(`${server.url}/chat/completions`, { method: 'POST', body })).status).toBe(400);
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    const closed = once(socket, 'close');
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${65 * 1024 * 1024}\r\n\r\n`,
    );
    const block = Buffer.alloc(1024 * 1024, ' ');
    for (let sent = 0; sent < 65; sent += 1) if (!socket.write(block)) await once(socket, 'drain');
    await closed;
    expect(answer).toContain('413');
    expect(await ask(server, [user('x')])).toBe('still here');
  });

  test('closes with a stream under way, twice, and frees its port', async () => {
    const server = await serve({ reply: { text: 'x' }, fault: { type: 'hang', afterChunks: 1 } });
    const response = await post(server, [user('x')], { stream: true });
    const reading = response.text();
    reading.catch(() => {});
    await Promise.all([server.close(), server.close()]);
    await expect(reading).rejects.toThrow();
    await using again = await startModelServer({
      scenario: { rules: [{ reply: {} }] },
      port: Number(new URL(server.url).port),
    });
    expect(again.url).toBe(server.url);
  });

  test('says UNAVAILABLE when its port is taken', async () => {
    await using server = await serve({ reply: {} });
    const port = Number(new URL(server.url).port);
    await expect(startModelServer({ scenario: { rules: [{ reply: {} }] }, port })).rejects.toThrow(/UNAVAILABLE/);
  });
});
