import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { PiTool } from '../pi-script.ts';
import type { CalledTool } from './message-draft.ts';
import type { Pi } from './pi.ts';
import { killGroup } from './tool-children.ts';
import { pause, untilAborted, untilFile } from './wait.ts';
import { type Json, emit } from './wire.ts';

interface ToolEnd {
  readonly text: string;
  readonly isError: boolean;
  /** Absent for a tool that never ran. */
  readonly durationMs?: number;
}

/** Runs the tools of one message in parallel. The result messages are written and returned in call order. */
export async function playTools(pi: Pi, called: readonly CalledTool[], signal: AbortSignal): Promise<Json[]> {
  for (const { id, tool } of called) {
    emit({ type: 'tool_execution_start', toolCallId: id, toolName: tool.name, args: tool.args ?? {} });
  }
  const ends = await Promise.all(
    called.map(async ({ id, tool }) => {
      const end = await playTool(pi, id, tool, signal);
      emit({
        type: 'tool_execution_end',
        toolCallId: id,
        toolName: tool.name,
        result: { content: [{ type: 'text', text: end.text }], ...(end.isError ? { details: {} } : {}) },
        isError: end.isError,
        ...duration(pi, end),
      });
      return { id, tool, end };
    }),
  );
  return ends.map(({ id, tool, end }) => {
    const message = {
      role: 'toolResult',
      toolCallId: id,
      toolName: tool.name,
      content: [{ type: 'text', text: end.text }],
      ...(end.isError ? { details: {} } : {}),
      isError: end.isError,
      ...duration(pi, end),
      timestamp: Date.now(),
    };
    emit({ type: 'message_start', message });
    emit({ type: 'message_end', message });
    pi.session.addMessage(message);
    return message;
  });
}

function duration(pi: Pi, { durationMs }: ToolEnd): Json {
  return pi.dialect.durations && durationMs !== undefined ? { durationMs } : {};
}

async function playTool(pi: Pi, id: string, tool: PiTool, signal: AbortSignal): Promise<ToolEnd> {
  const startedAt = Date.now();
  const endOf = (text: string, isError: boolean): ToolEnd => ({ text, isError, durationMs: Date.now() - startedAt });
  if (tool.dialog !== undefined) {
    pi.lastAnswer = await pi.dialogs.ask(tool.dialog);
    if (pi.lastAnswer === false || pi.lastAnswer === undefined) return { text: 'Denied by the user', isError: true };
  }
  const shown = await work(pi, id, tool, signal);
  if (signal.aborted) return endOf(`${shown}\n\nCommand aborted`, true);
  if (tool.effect === 'write') return endOf(writeEffect(pi, tool), false);
  return endOf(tool.result ?? (shown === '' ? 'ok' : shown), tool.isError ?? false);
}

/** Plays the updates, the child and the gate of a tool. Returns the last output. */
async function work(pi: Pi, id: string, tool: PiTool, signal: AbortSignal): Promise<string> {
  const updates = tool.updates ?? [];
  const update = (content: unknown[]): void =>
    emit({
      type: 'tool_execution_update',
      toolCallId: id,
      toolName: tool.name,
      args: tool.args ?? {},
      partialResult: { content },
    });
  const child = tool.childSleepMs === undefined ? undefined : await pi.children.start(tool, childEnvironment(pi));
  if (updates.length > 0 || child !== undefined) update([]);
  let shown = '';
  for (const output of updates) {
    await pause((tool.durationMs ?? 0) / updates.length, signal);
    if (signal.aborted) break;
    shown = output;
    update([{ type: 'text', text: output }]);
  }
  if (updates.length === 0) await pause(tool.durationMs ?? 0, signal);
  if (tool.waitForFile !== undefined) await untilFile(tool.waitForFile, signal);
  if (child !== undefined) await childEnded(child, signal);
  return shown;
}

async function childEnded(child: ChildProcess, signal: AbortSignal): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const settled = new AbortController();
  await Promise.race([exited, untilAborted(AbortSignal.any([signal, settled.signal]))]);
  settled.abort();
  if (!signal.aborted) return;
  killGroup(child);
  await exited;
}

function writeEffect(pi: Pi, tool: PiTool): string {
  const { path, content } = tool.args ?? {};
  if (typeof path !== 'string' || typeof content !== 'string')
    throw new Error('the effect write needs path and content');
  const file = resolve(pi.session.cwd, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return tool.result ?? `Successfully wrote to ${path}`;
}

function childEnvironment(pi: Pi): NodeJS.ProcessEnv {
  const { id, file } = pi.session;
  const named = pi.dialect.sessionInEnvironment ? { PI_SESSION_ID: id, PI_SESSION_FILE: file ?? '' } : {};
  return { ...process.env, AI_AGENT: 'pi', PI_CODING_AGENT: 'true', ...named };
}
