import { appendFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import type { PiStep, PiTool } from '../pi-script.ts';
import { type ContentBlock, type StopReason, assistantMessage, usageOf } from './messages.ts';
import type { Pi } from './pi.ts';
import { pause, untilAborted, untilFile } from './wait.ts';
import { type Json, emit } from './wire.ts';

export interface CalledTool {
  readonly id: string;
  readonly tool: PiTool;
}

/** How one answer of the model ended. */
export type Answered =
  | { readonly kind: 'stop' | 'length' | 'aborted' }
  | { readonly kind: 'tools'; readonly tools: readonly CalledTool[] }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'retry'; readonly message: string; readonly delayMs: number }
  | { readonly kind: 'overflow'; readonly message: string };

const overflowMessage =
  '400: {"message":"This model\'s maximum context length is exceeded","code":"context_length_exceeded"}';

/** One answer of the model as it streams: opens its message at the first content, as Pi does. */
export interface Draft {
  text(kind: 'text' | 'thinking', delta: string): void;
  toolCalls(tools: readonly PiTool[]): CalledTool[];
  isEmpty(): boolean;
  /** Ends the message. A failed one does not get its blocks closed. */
  end(stopReason: StopReason, errorMessage?: string): Json;
}

export function createDraft(pi: Pi): Draft {
  const content: ContentBlock[] = [];
  const timestamp = Date.now();
  const responseId = `chatcmpl-${randomUUID()}`;
  let started = false;
  const snapshot = (stopReason: StopReason, errorMessage?: string): Json =>
    assistantMessage(pi.dialect, pi.args.model, {
      content,
      stopReason,
      timestamp,
      ...(started ? { responseId } : {}),
      ...(errorMessage === undefined ? {} : { errorMessage }),
    });
  const start = (): void => {
    if (started) return;
    emit({ type: 'message_start', message: snapshot(pi.dialect.startStopReason) });
    started = true;
  };
  const update = (event: Json): void => {
    if (pi.dialect.wholeMessageInUpdates) {
      const message = snapshot(pi.dialect.startStopReason);
      emit({ type: 'message_update', assistantMessageEvent: { ...event, partial: message }, message });
    } else emit({ type: 'message_update', usage: usageOf([]), assistantMessageEvent: event });
  };
  const open = (block: ContentBlock, event: Json): number => {
    const contentIndex = content.length;
    if (!started) start();
    content.push(block);
    update({ ...event, contentIndex });
    return contentIndex;
  };
  return {
    isEmpty: () => content.length === 0,
    text: (kind, delta) => {
      let index = content.length - 1;
      if (content[index]?.type !== kind) {
        const block: ContentBlock = kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '' };
        index = open(block, { type: `${kind}_start` });
      }
      const block = content[index];
      if (block?.type === 'text') block.text += delta;
      if (block?.type === 'thinking') block.thinking += delta;
      update({ type: `${kind}_delta`, contentIndex: index, delta });
    },
    toolCalls: (tools) =>
      tools.map((tool) => {
        const id = `call_${randomUUID().slice(0, 8)}`;
        const args = { ...tool.args };
        const named = pi.dialect.wholeMessageInUpdates ? {} : { id, toolName: tool.name };
        const contentIndex = open(
          { type: 'toolCall', id, name: tool.name, arguments: args },
          { type: 'toolcall_start', ...named },
        );
        update({ type: 'toolcall_delta', contentIndex, delta: '' });
        update({ type: 'toolcall_delta', contentIndex, delta: JSON.stringify(args) });
        return { id, tool };
      }),
    end: (stopReason, errorMessage) => {
      if (stopReason !== 'error') for (const [index, block] of content.entries()) update(blockEnd(block, index));
      const message = snapshot(stopReason, errorMessage);
      if (!started) emit({ type: 'message_start', message });
      emit({ type: 'message_end', message });
      return message;
    },
  };
}

function blockEnd(block: ContentBlock, contentIndex: number): Json {
  if (block.type === 'text') return { type: 'text_end', contentIndex, content: block.text };
  if (block.type === 'thinking') return { type: 'thinking_end', contentIndex, content: block.thinking };
  return { type: 'toolcall_end', contentIndex, toolCall: block };
}

/** Takes steps off the list up to the end of this answer. The message itself is ended by the caller, which knows what comes of it. */
export async function playAnswer(pi: Pi, steps: PiStep[], draft: Draft, signal: AbortSignal): Promise<Answered> {
  for (;;) {
    if (signal.aborted) return { kind: 'aborted' };
    const step = steps.shift();
    if (step === undefined) {
      if (draft.isEmpty()) draft.text('text', 'Done.');
      return { kind: 'stop' };
    }
    const answered = await playStep(pi, step, steps, draft, signal);
    if (answered !== undefined) return signal.aborted ? { kind: 'aborted' } : answered;
  }
}

async function playStep(
  pi: Pi,
  step: PiStep,
  rest: PiStep[],
  draft: Draft,
  signal: AbortSignal,
): Promise<Answered | undefined> {
  if ('text' in step) return stream(pi, draft, 'text', step.text, step.delayMs ?? 0, signal);
  if ('reasoning' in step) return stream(pi, draft, 'thinking', step.reasoning, step.delayMs ?? 0, signal);
  if ('tool' in step) return { kind: 'tools', tools: draft.toolCalls([step.tool]) };
  if ('tools' in step) return { kind: 'tools', tools: draft.toolCalls(step.tools) };
  if ('error' in step) return { kind: 'error', message: step.error };
  if ('overflow' in step) return { kind: 'overflow', message: overflowMessage };
  if ('length' in step) return { kind: 'length' };
  if ('retry' in step) {
    const { times, errorMessage = 'terminated', delayMs = 2000 } = step.retry;
    if (times > 1) rest.unshift({ retry: { ...step.retry, times: times - 1 } });
    return { kind: 'retry', message: errorMessage, delayMs };
  }
  await playEffect(pi, step, signal);
  return undefined;
}

async function stream(
  pi: Pi,
  draft: Draft,
  kind: 'text' | 'thinking',
  source: string | readonly string[],
  delayMs: number,
  signal: AbortSignal,
): Promise<undefined> {
  for (const chunk of typeof source === 'string' ? [source] : source) {
    await pause(delayMs, signal);
    if (signal.aborted) return;
    draft.text(
      kind,
      chunk.replaceAll('{{answer}}', () => String(pi.lastAnswer)),
    );
  }
}

type EffectStep = Extract<
  PiStep,
  | { dialog: unknown }
  | { notify: unknown }
  | { thresholdCompaction: unknown }
  | { crash: unknown }
  | { exit: unknown }
  | { hang: unknown }
  | { sleepMs: unknown }
  | { waitForFile: unknown }
  | { appendLine: unknown }
  | { stderr: unknown }
  | { rawLine: unknown }
>;

async function playEffect(pi: Pi, step: EffectStep, signal: AbortSignal): Promise<void> {
  // A dialog does not listen to the signal: that is what makes an unanswered one block an abort.
  if ('dialog' in step) pi.lastAnswer = await pi.dialogs.ask(step.dialog);
  else if ('notify' in step) emit({ type: 'extension_ui_request', id: randomUUID(), ...step.notify });
  else if ('thresholdCompaction' in step) pi.compactAfterRun = true;
  else if ('crash' in step) await crash(step.crash);
  else if ('exit' in step) process.exit(step.exit);
  else if ('hang' in step) await untilAborted(signal);
  else if ('sleepMs' in step) await pause(step.sleepMs, signal);
  else if ('waitForFile' in step) await untilFile(step.waitForFile, signal);
  else if ('appendLine' in step) appendFileSync(step.appendLine.file, `${step.appendLine.text ?? process.pid}\n`);
  else if ('stderr' in step) process.stderr.write(step.stderr);
  else process.stdout.write(`${step.rawLine}\n`);
}

function crash(signal: NodeJS.Signals): Promise<never> {
  process.kill(process.pid, signal);
  return new Promise(() => setInterval(() => {}, 2 ** 30));
}
