import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lane } from './lane.ts';
import type { Pi } from './pi.ts';
import { type Json, emit, isRecord, stringOf } from './wire.ts';

interface Place {
  readonly pi: Pi;
  readonly lane: Lane;
  readonly command: Json;
}

/** The answer to a command; `undefined` when the handler has answered itself. */
type Reply = { readonly data?: unknown } | { readonly error: string } | undefined;

/** Answers one line of stdin as Pi does. As in Pi, the line `null` ends the process. */
export async function handleLine(pi: Pi, lane: Lane, line: string): Promise<void> {
  let command: unknown;
  try {
    command = JSON.parse(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return emit({ type: 'response', command: 'parse', success: false, error: `Failed to parse command: ${reason}` });
  }
  if (command === null) {
    process.stderr.write("TypeError: Cannot read properties of null (reading 'id')\n");
    process.exit(1);
  }
  if (!isRecord(command)) return respond({}, { error: 'Unknown command: undefined' });
  if (command['type'] === 'extension_ui_response') return pi.dialogs.answer(command);
  const type = stringOf(command, 'type');
  const handler = type === undefined || pi.dialect.missingCommands.has(type) ? undefined : handlers.get(type);
  if (handler === undefined) {
    const known = pi.dialect.idsOnUnknownCommands ? command : { type };
    return respond(known, { error: `Unknown command: ${type}` });
  }
  const reply = await handler({ pi, lane, command });
  if (reply !== undefined) respond(command, reply);
}

function respond(command: Json, reply: NonNullable<Reply>): void {
  const { id, type } = command;
  const head = {
    ...(id === undefined ? {} : { id }),
    type: 'response',
    ...(type === undefined ? {} : { command: type }),
  };
  if ('error' in reply) emit({ ...head, success: false, error: reply.error });
  else emit({ ...head, success: true, ...(reply.data === undefined ? {} : { data: reply.data }) });
}

type Handler = (place: Place) => Reply | Promise<Reply>;

const handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['get_state', ({ pi }) => ({ data: stateOf(pi) })],
  [
    'prompt',
    async ({ lane, command }) => {
      await lane.prompt(command, (outcome) => respond(command, outcome));
      return undefined;
    },
  ],
  ['steer', (place) => enqueue(place, 'steer')],
  ['follow_up', (place) => enqueue(place, 'followUp')],
  ['abort', ({ lane }) => lane.abort().then(() => ({}))],
  ['abort_retry', () => ({})],
  ['clear_queue', ({ pi }) => ({ data: pi.queue.clear() })],
  ['new_session', ({ lane }) => lane.newSession().then(() => ({ data: { cancelled: false } }))],
  ['get_entries', ({ pi, command }) => entriesSince(pi, stringOf(command, 'since'))],
  ['get_messages', ({ pi }) => ({ data: { messages: pi.session.messages } })],
  ['get_last_assistant_text', ({ pi }) => ({ data: lastAssistantText(pi) })],
  ['get_session_stats', ({ pi }) => ({ data: statsOf(pi) })],
  ['get_commands', () => ({ data: { commands: [] } })],
  ['get_available_models', ({ pi }) => ({ data: { models: [modelOf(pi)] } })],
  ['get_available_thinking_levels', () => ({ data: { levels: ['off'] } })],
  ['set_model', ({ pi, command }) => setModel(pi, command)],
  ['set_thinking_level', () => ({})],
  ['set_session_name', ({ pi, command }) => setSessionName(pi, stringOf(command, 'name')?.trim() ?? '')],
  ['set_steering_mode', ({ command }) => persist({ steeringMode: command['mode'] })],
  ['set_follow_up_mode', ({ command }) => persist({ followUpMode: command['mode'] })],
  ['set_auto_compaction', ({ command }) => persist({ compaction: { enabled: command['enabled'] } })],
  ['set_auto_retry', ({ command }) => persist({ retry: { enabled: command['enabled'] } })],
]);

/** Succeeds also without a run: the text then waits for the next run. */
function enqueue({ pi, command }: Place, mode: 'steer' | 'followUp'): Reply {
  pi.queue.add(mode, stringOf(command, 'message') ?? '');
  return pi.dialect.disposition ? { data: { disposition: 'queued' } } : {};
}

function stateOf(pi: Pi): Json {
  return {
    model: modelOf(pi),
    thinkingLevel: 'off',
    isStreaming: pi.isStreaming,
    isCompacting: pi.isCompacting,
    steeringMode: 'one-at-a-time',
    followUpMode: 'one-at-a-time',
    ...(pi.session.file === undefined ? {} : { sessionFile: pi.session.file }),
    sessionId: pi.session.id,
    ...(pi.sessionName === undefined ? {} : { sessionName: pi.sessionName }),
    autoCompactionEnabled: true,
    messageCount: pi.session.messages.length,
    pendingMessageCount: pi.queue.size(),
  };
}

function modelOf(pi: Pi): Json {
  const [provider, ...id] = pi.args.model.split('/');
  const cost = { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 };
  const limits = { contextWindow: 128_000, maxTokens: 8192 };
  return {
    id: id.join('/'),
    name: id.join('/'),
    api: 'openai-completions',
    provider,
    reasoning: false,
    input: ['text'],
    cost,
    ...limits,
  };
}

function setModel(pi: Pi, command: Json): Reply {
  const wanted = `${stringOf(command, 'provider')}/${stringOf(command, 'modelId')}`;
  return wanted === pi.args.model ? { data: modelOf(pi) } : { error: `Model not found: ${wanted}` };
}

function setSessionName(pi: Pi, name: string): Reply {
  if (name === '') return { error: 'Session name cannot be empty' };
  pi.sessionName = name;
  emit({ type: 'session_info_changed', name });
  return {};
}

function entriesSince(pi: Pi, since: string | undefined): Reply {
  const { entries } = pi.session;
  const from = since === undefined ? 0 : entries.findIndex(({ id }) => id === since) + 1;
  if (since !== undefined && from === 0) return { error: `Entry not found: ${since}` };
  return { data: { entries: entries.slice(from), leafId: entries.at(-1)?.id ?? null } };
}

function lastAssistantText(pi: Pi): Json {
  const last = pi.session.messages.findLast(({ role }) => role === 'assistant');
  const content = Array.isArray(last?.['content']) ? last['content'] : [];
  const text = content.map((block: unknown) => (isRecord(block) ? (stringOf(block, 'text') ?? '') : '')).join('');
  return last === undefined ? {} : { text };
}

function statsOf(pi: Pi): Json {
  const { messages, file, id } = pi.session;
  const count = (role: string): number => messages.filter((message) => message['role'] === role).length;
  const usages = messages.flatMap(({ usage }) => (isRecord(usage) ? [usage] : []));
  const sum = (key: string): number => usages.reduce((total, usage) => total + Number(usage[key] ?? 0), 0);
  return {
    ...(file === undefined ? {} : { sessionFile: file }),
    sessionId: id,
    userMessages: count('user'),
    assistantMessages: count('assistant'),
    toolResults: count('toolResult'),
    totalMessages: messages.length,
    tokens: { input: sum('input'), output: sum('output'), cacheRead: 0, cacheWrite: 0, total: sum('totalTokens') },
    cost: 0,
  };
}

/** Pi stores settings unchecked in the agent folder, for every process that shares it. */
function persist(change: Json): Reply {
  const folder = process.env['PI_CODING_AGENT_DIR'];
  if (folder === undefined) return {};
  const file = join(folder, 'settings.json');
  const before: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ ...(isRecord(before) ? before : {}), ...change }, null, 2));
  return {};
}
