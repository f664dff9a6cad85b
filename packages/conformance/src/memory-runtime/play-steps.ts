import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { abortable, type RunOutcome } from '@runtime/contracts';
import { maxEventTextChars } from '@runtime/contracts/adapter';
import type { RunControls } from './run-controls.ts';
import type { MemoryStep } from './steps.ts';

const gatePollMs = 5;

/**
 * Plays the steps to their end or to the first one that ends the turn, and returns that one's outcome.
 * Throws once the signal is aborted, even while the script itself waits for something.
 */
export async function playSteps(
  steps: Iterable<MemoryStep> | AsyncIterable<MemoryStep>,
  run: RunControls,
): Promise<RunOutcome | undefined> {
  const iterator = Symbol.asyncIterator in steps ? steps[Symbol.asyncIterator]() : steps[Symbol.iterator]();
  for (;;) {
    const next = await abortable(Promise.resolve(iterator.next()), run.signal);
    if (next.done) return undefined;
    run.takeSteers();
    const outcome = await playStep(next.value, run);
    run.signal.throwIfAborted();
    if (outcome) return outcome;
  }
}

async function playStep(step: MemoryStep, run: RunControls): Promise<RunOutcome | undefined> {
  switch (step.do) {
    case 'say':
      await say(typeof step.text === 'string' ? [step.text] : step.text, run);
      break;
    case 'think':
      think(step.text, run);
      break;
    case 'print':
      print(step.text, step.to ?? 'stdout', run);
      break;
    case 'tool':
      return useTool(step, run);
    case 'ask':
      return ask(step, run);
    case 'write':
      await writeInto(resolve(run.workspace, step.path), step.text);
      break;
    case 'usage':
      run.emit({ type: 'usage.reported', usage: step.usage });
      break;
    case 'emit':
      run.emit(step.event);
      break;
    case 'wait':
      await sleep(step.ms, undefined, { signal: run.signal });
      break;
    case 'gate':
      await gate(step.until, run.signal);
      break;
    case 'listen':
      await abortable(run.nextSteer(), run.signal);
      break;
    case 'hang':
      await abortable(new Promise(() => {}), run.signal);
      break;
    case 'ignoreStop':
      run.ignoreStop();
      break;
    case 'end':
      return step.outcome;
    case 'exit':
      run.endProcess(step.exit);
      break;
    case 'vanish':
      run.endProcess(undefined);
      break;
  }
  return undefined;
}

/** Cuts a text into pieces that fit one event, never in the middle of a character. */
function chunks(text: string, size = maxEventTextChars): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + size, text.length);
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1] ?? '')) end -= 1;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

async function say(pieces: readonly string[], run: RunControls): Promise<void> {
  const messageId = run.nextId('message');
  const parts = run.redact(pieces).flatMap((piece) => chunks(piece));
  for (const text of parts) {
    run.emit({ type: 'text.delta', messageId, text });
    await setImmediate();
    if (!run.signal.aborted) continue;
    run.emit({ type: 'message.discarded', messageId, reason: 'the turn was ended' });
    run.signal.throwIfAborted();
  }
  const text = parts.join('');
  run.recordReply(text);
  run.emit({ type: 'message.completed', messageId, ...completedText(text) });
}

function completedText(text: string): { text: string; omittedChars?: number } {
  if (text.length <= maxEventTextChars) return { text };
  const half = maxEventTextChars / 2 - 1;
  const head = chunks(text, half)[0] ?? '';
  const tail = text.slice(-half).replace(/^[\uDC00-\uDFFF]/, '');
  return { text: head + tail, omittedChars: text.length - head.length - tail.length };
}

function think(text: string, run: RunControls): void {
  const messageId = run.nextId('message');
  for (const piece of chunks(run.redact([text]).join(''))) {
    run.emit({ type: 'reasoning.delta', messageId, text: piece });
  }
}

function print(text: string, source: 'stdout' | 'stderr', run: RunControls): void {
  for (const piece of chunks(run.redact([text]).join(''))) run.emit({ type: 'output.delta', source, text: piece });
}

async function useTool(step: Extract<MemoryStep, { do: 'tool' }>, run: RunControls): Promise<RunOutcome | undefined> {
  const callId = run.nextId('call');
  const { name, input, output } = step;
  run.emit({ type: 'tool.started', callId, name, ...(input === undefined ? {} : { input }) });
  try {
    const outcome = await playSteps(step.steps ?? [], run);
    if (output !== undefined) {
      for (const text of chunks(run.redact([output]).join('')))
        run.emit({ type: 'tool.delta', callId, mode: 'append', text });
    }
    const text = output === undefined ? undefined : chunks(run.redact([output]).join(''))[0];
    run.emit({ type: 'tool.ended', callId, ok: step.ok ?? true, ...(text === undefined ? {} : { output: text }) });
    return outcome;
  } catch (error) {
    run.emit({ type: 'tool.ended', callId, ok: false });
    throw error;
  }
}

const allowOrDeny = [
  { id: 'allow', label: 'Allow', kind: 'allow' },
  { id: 'deny', label: 'Deny', kind: 'deny' },
] as const;

async function ask(step: Extract<MemoryStep, { do: 'ask' }>, run: RunControls): Promise<RunOutcome | undefined> {
  const approvalId = run.nextId('approval');
  const { title, kind = 'dialog', input } = step;
  const choices = step.choices ?? [...allowOrDeny];
  const answer = run.waitForAnswer(approvalId);
  run.emit({
    type: 'approval.requested',
    approvalId,
    kind,
    title,
    choices,
    ...(input === undefined ? {} : { input }),
  });
  const decision = await abortable(answer, run.signal).catch((error: unknown) => {
    run.emit({ type: 'approval.withdrawn', approvalId });
    throw error;
  });
  return playSteps(step.answered(decision), run);
}

async function writeInto(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function gate(until: string | Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (typeof until !== 'string') return void (await abortable(until, signal));
  const exists = (): Promise<boolean> =>
    access(until).then(
      () => true,
      () => false,
    );
  while (!(await exists())) await sleep(gatePollMs, undefined, { signal });
}
