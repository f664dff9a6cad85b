import { appendFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import type { PiStep } from '../pi-script.ts';
import type { CalledTool, MessageDraft } from './message-draft.ts';
import type { Pi } from './pi.ts';
import { pause, untilAborted, untilFile } from './wait.ts';
import { emit } from './wire.ts';

/** How one answer of the model ended. */
export type Answered =
  | { readonly kind: 'stop' | 'length' | 'aborted' }
  | { readonly kind: 'tools'; readonly tools: readonly CalledTool[] }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'retry'; readonly message: string; readonly delayMs: number }
  | { readonly kind: 'overflow'; readonly message: string };

const overflowMessage =
  '400: {"message":"This model\'s maximum context length is exceeded","code":"context_length_exceeded"}';

/** Plays and removes the steps of this answer. The caller ends its message. */
export async function playAnswer(pi: Pi, steps: PiStep[], draft: MessageDraft, signal: AbortSignal): Promise<Answered> {
  for (;;) {
    if (signal.aborted) return { kind: 'aborted' };
    const step = steps.shift();
    if (step === undefined) {
      if (draft.isEmpty) draft.append('text', 'Done.');
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
  draft: MessageDraft,
  signal: AbortSignal,
): Promise<Answered | undefined> {
  if ('text' in step) return stream(pi, draft, 'text', step.text, step.delayMs ?? 0, signal);
  if ('reasoning' in step) return stream(pi, draft, 'thinking', step.reasoning, step.delayMs ?? 0, signal);
  if ('tool' in step) return { kind: 'tools', tools: draft.callTools([step.tool]) };
  if ('tools' in step) return { kind: 'tools', tools: draft.callTools(step.tools) };
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
  draft: MessageDraft,
  kind: 'text' | 'thinking',
  source: string | readonly string[],
  delayMs: number,
  signal: AbortSignal,
): Promise<undefined> {
  for (const chunk of typeof source === 'string' ? [source] : source) {
    await pause(delayMs, signal);
    if (signal.aborted) return;
    draft.append(
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
  // Pi ignores the abort while a dialog is open: an unanswered dialog blocks it.
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
