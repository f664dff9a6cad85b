import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { RunOutcome } from '@runtime/contracts';
import { maxEventTextChars, type Exit, type SessionEvent } from '@runtime/contracts/adapter';
import type { ScriptedDecision, MemoryStep } from './steps.ts';

/** What a step may do to the run it is played in. */
export interface Stage {
  readonly workspace: string;
  /** Aborted by an interrupt and by the end of the run. */
  readonly signal: AbortSignal;
  /** One record. Text is redacted by then. */
  emit(...events: SessionEvent[]): void;
  /** Pieces of one text, without the secrets that may be cut in two between them. */
  redact(pieces: readonly string[]): readonly string[];
  /** A count within the run, for ids of messages, calls and approvals. */
  nextId(prefix: string): string;
  /** The agent said this: what was delivered is observed by it. */
  said(text: string): void;
  /** Takes in the steers that have come. */
  takeSteers(): boolean;
  /** Resolves when a steer has come. */
  steered(): Promise<void>;
  ask(approvalId: string): Promise<ScriptedDecision>;
  ignoreStop(): void;
  /** Ends the process; undefined: unseen. */
  die(exit: Exit | undefined): void;
}

const gatePollMs = 5;

/**
 * Plays the steps until they are over or one of them ends the turn. Throws the signal's reason once it is aborted,
 * even while the script itself waits for something of its own.
 */
export async function playSteps(
  steps: Iterable<MemoryStep> | AsyncIterable<MemoryStep>,
  stage: Stage,
): Promise<RunOutcome | undefined> {
  const iterator = Symbol.asyncIterator in steps ? steps[Symbol.asyncIterator]() : steps[Symbol.iterator]();
  for (;;) {
    const next = await raced(Promise.resolve(iterator.next()), stage.signal);
    if (next.done) return undefined;
    stage.takeSteers();
    const outcome = await playStep(next.value, stage);
    stage.signal.throwIfAborted();
    if (outcome) return outcome;
  }
}

async function playStep(step: MemoryStep, stage: Stage): Promise<RunOutcome | undefined> {
  switch (step.do) {
    case 'say':
      await say(typeof step.text === 'string' ? [step.text] : step.text, stage);
      break;
    case 'think':
      think(step.text, stage);
      break;
    case 'print':
      print(step.text, step.to ?? 'stdout', stage);
      break;
    case 'tool':
      return useTool(step, stage);
    case 'ask':
      return ask(step, stage);
    case 'write':
      await writeInto(resolve(stage.workspace, step.path), step.text);
      break;
    case 'usage':
      stage.emit({ type: 'usage.reported', usage: step.usage });
      break;
    case 'emit':
      stage.emit(step.event);
      break;
    case 'wait':
      await sleep(step.ms, undefined, { signal: stage.signal });
      break;
    case 'gate':
      await gate(step.until, stage.signal);
      break;
    case 'listen':
      await raced(stage.steered(), stage.signal);
      break;
    case 'hang':
      await raced(new Promise(() => {}), stage.signal);
      break;
    case 'ignoreStop':
      stage.ignoreStop();
      break;
    case 'end':
      return step.outcome;
    case 'exit':
      stage.die(step.exit);
      break;
    case 'vanish':
      stage.die(undefined);
      break;
  }
  return undefined;
}

/** Text in pieces that one event may hold, never cutting a character in two. */
export function chunks(text: string, size = maxEventTextChars): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + size, text.length);
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1] ?? '')) end -= 1;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

async function say(pieces: readonly string[], stage: Stage): Promise<void> {
  const messageId = stage.nextId('message');
  const parts = stage.redact(pieces).flatMap((piece) => chunks(piece));
  for (const text of parts) {
    stage.emit({ type: 'text.delta', messageId, text });
    await setImmediate();
    if (!stage.signal.aborted) continue;
    stage.emit({ type: 'message.discarded', messageId, reason: 'the turn was ended' });
    stage.signal.throwIfAborted();
  }
  const text = parts.join('');
  stage.said(text);
  stage.emit({ type: 'message.completed', messageId, ...completedText(text) });
}

function completedText(text: string): { text: string; omittedChars?: number } {
  if (text.length <= maxEventTextChars) return { text };
  const half = maxEventTextChars / 2 - 1;
  const head = chunks(text, half)[0] ?? '';
  const tail = text.slice(-half).replace(/^[\uDC00-\uDFFF]/, '');
  return { text: head + tail, omittedChars: text.length - head.length - tail.length };
}

function think(text: string, stage: Stage): void {
  const messageId = stage.nextId('message');
  for (const piece of chunks(stage.redact([text]).join(''))) {
    stage.emit({ type: 'reasoning.delta', messageId, text: piece });
  }
}

function print(text: string, source: 'stdout' | 'stderr', stage: Stage): void {
  for (const piece of chunks(stage.redact([text]).join(''))) stage.emit({ type: 'output.delta', source, text: piece });
}

async function useTool(step: Extract<MemoryStep, { do: 'tool' }>, stage: Stage): Promise<RunOutcome | undefined> {
  const callId = stage.nextId('call');
  const { name, input, output } = step;
  stage.emit({ type: 'tool.started', callId, name, ...(input === undefined ? {} : { input }) });
  try {
    const outcome = await playSteps(step.steps ?? [], stage);
    if (output !== undefined) {
      for (const text of chunks(stage.redact([output]).join('')))
        stage.emit({ type: 'tool.delta', callId, mode: 'append', text });
    }
    const text = output === undefined ? undefined : chunks(stage.redact([output]).join(''))[0];
    stage.emit({ type: 'tool.ended', callId, ok: step.ok ?? true, ...(text === undefined ? {} : { output: text }) });
    return outcome;
  } catch (error) {
    stage.emit({ type: 'tool.ended', callId, ok: false });
    throw error;
  }
}

const allowOrDeny = [
  { id: 'allow', label: 'Allow', kind: 'allow' },
  { id: 'deny', label: 'Deny', kind: 'deny' },
] as const;

async function ask(step: Extract<MemoryStep, { do: 'ask' }>, stage: Stage): Promise<RunOutcome | undefined> {
  const approvalId = stage.nextId('approval');
  const { title, kind = 'dialog', input } = step;
  const choices = step.choices ?? [...allowOrDeny];
  const answer = stage.ask(approvalId);
  stage.emit({
    type: 'approval.requested',
    approvalId,
    kind,
    title,
    choices,
    ...(input === undefined ? {} : { input }),
  });
  const decision = await raced(answer, stage.signal).catch((error: unknown) => {
    stage.emit({ type: 'approval.withdrawn', approvalId });
    throw error;
  });
  return playSteps(step.answered(decision), stage);
}

async function writeInto(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function gate(until: string | Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (typeof until !== 'string') return void (await raced(until, signal));
  const exists = (): Promise<boolean> =>
    access(until).then(
      () => true,
      () => false,
    );
  while (!(await exists())) await sleep(gatePollMs, undefined, { signal });
}

/** The promise, or the signal's reason as soon as it is aborted. */
export function raced<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
