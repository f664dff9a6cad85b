import type { PiStep } from '../pi-script.ts';
import { type Answered, playAnswer } from './assistant.ts';
import { MessageDraft } from './message-draft.ts';
import { systemMessage, userMessage } from './messages.ts';
import type { Pi } from './pi.ts';
import type { Arrival } from './rules.ts';
import { playTools } from './tools.ts';
import { pause, tick } from './wait.ts';
import { type Json, emit } from './wire.ts';

const maxAttempts = 3;

/** One run: from agent_start to agent_settled, over retries and compactions. */
interface Run {
  readonly pi: Pi;
  readonly signal: AbortSignal;
  readonly steps: PiStep[];
  /** The messages since the last agent_start: what agent_end carries. */
  messages: Json[];
  /** How many retries of the current answer have started. */
  attempt: number;
}

/** How the part of a run between agent_start and agent_end ended. */
type SpanEnd = Extract<Answered, { kind: 'stop' | 'length' | 'aborted' | 'error' | 'retry' | 'overflow' }>;

/** Plays a run for a prompt. Resolves when everything but agent_settled is written: the caller writes that. */
export async function playRun(pi: Pi, prompt: string, signal: AbortSignal): Promise<void> {
  const run: Run = { pi, signal, steps: [], messages: [], attempt: 0 };
  let enter = (): void => {
    if (pi.dialect.systemMessage && pi.session.messages.length === 0) keep(run, systemMessage());
    enterUser(run, prompt, 'prompt');
    // A steer that was queued at rest joins the first turn.
    const steer = pi.queue.takeSteer();
    if (steer !== undefined) enterUser(run, steer, 'steer');
  };
  for (;;) {
    emit({ type: 'agent_start' });
    await tick();
    emit({ type: 'turn_start' });
    enter();
    const end = await playSpan(run);
    const next = await afterSpan(run, end);
    if (next === 'ended') return;
    enter = next;
  }
}

/** Plays turns, to their last turn_end, until the model fails, is aborted, or rests with an empty queue. */
async function playSpan(run: Run): Promise<SpanEnd> {
  const { pi, signal } = run;
  for (;;) {
    const draft = new MessageDraft(pi);
    const answered = await playAnswer(pi, run.steps, draft, signal);
    const message = draft.end(...endOf(answered));
    remember(run, message);
    // An aborted attempt counts as a success.
    if (run.attempt > 0 && !('message' in answered)) endRetry(run, { success: true });
    const toolResults = answered.kind === 'tools' ? await playTools(pi, answered.tools, signal) : [];
    run.messages.push(...toolResults);
    emit({ type: 'turn_end', message, toolResults });
    if (answered.kind === 'tools') {
      emit({ type: 'turn_start' });
      const steer = pi.queue.takeSteer();
      if (steer !== undefined) enterUser(run, steer, 'steer');
      if (signal.aborted) return abortedAfterTools(run);
      continue;
    }
    if (answered.kind !== 'stop') return answered;
    if (!enterQueued(run)) return answered;
  }
}

function endOf(answered: Answered): Parameters<MessageDraft['end']> {
  if ('message' in answered) return ['error', answered.message];
  if (answered.kind === 'tools') return ['toolUse'];
  return answered.kind === 'aborted' ? ['aborted', 'Request was aborted'] : [answered.kind];
}

/** After an aborted tool Pi asks the model once more, and that request is the one that ends. */
function abortedAfterTools(run: Run): SpanEnd {
  const { stopReason, errorMessage } = run.pi.dialect.abortAfterTool;
  const message = new MessageDraft(run.pi).end(stopReason, errorMessage);
  remember(run, message);
  emit({ type: 'turn_end', message, toolResults: [] });
  return { kind: 'aborted' };
}

function enterQueued(run: Run): boolean {
  const { queue } = run.pi;
  if (queue.size() === 0) return false;
  emit({ type: 'turn_start' });
  const steer = queue.takeSteer();
  const text = steer ?? queue.takeFollowUp();
  if (text !== undefined) enterUser(run, text, steer === undefined ? 'followUp' : 'steer');
  return true;
}

/** Writes agent_end and what follows it. Returns how the next span begins, or that the run has ended. */
async function afterSpan(run: Run, end: SpanEnd): Promise<(() => void) | 'ended'> {
  const { pi } = run;
  const retries = end.kind === 'retry' && run.attempt < maxAttempts;
  // Pi also reports false before the compaction of an overflow, although it then goes on.
  emit({ type: 'agent_end', messages: run.messages, ...(pi.dialect.willRetry ? { willRetry: retries } : {}) });
  run.messages = [];
  if (retries) return await retry(run, end);
  if ('message' in end && run.attempt > 0) endRetry(run, { success: false, finalError: end.message });
  if (end.kind === 'overflow' || end.kind === 'length') dropFromContext(run);
  if (end.kind === 'overflow') {
    await compact(run, 'overflow');
    return () => {};
  }
  if (!pi.compactAfterRun || end.kind === 'aborted') return 'ended';
  pi.compactAfterRun = false;
  await compact(run, 'threshold');
  const text = pi.queue.takeSteer() ?? pi.queue.takeFollowUp();
  return text === undefined ? 'ended' : () => enterUser(run, text, 'followUp');
}

async function retry(run: Run, end: { message: string; delayMs: number }): Promise<(() => void) | 'ended'> {
  const { pi, signal } = run;
  run.attempt += 1;
  const { attempt } = run;
  const delayMs = end.delayMs * 2 ** (attempt - 1);
  emit({ type: 'auto_retry_start', attempt, maxAttempts, delayMs, errorMessage: end.message });
  dropFromContext(run);
  pi.isStreaming = pi.dialect.streamingInRetryDelay;
  await pause(delayMs, signal);
  if (signal.aborted) {
    endRetry(run, { success: false, finalError: 'Retry cancelled' });
    return 'ended';
  }
  pi.isStreaming = true;
  return () => {};
}

function endRetry(run: Run, end: { success: boolean; finalError?: string }): void {
  emit({ type: 'auto_retry_end', attempt: run.attempt, ...end });
  run.attempt = 0;
}

async function compact(run: Run, reason: 'overflow' | 'threshold'): Promise<void> {
  const { session } = run.pi;
  run.pi.isCompacting = true;
  emit({ type: 'compaction_start', reason });
  await tick();
  const result = {
    summary: 'A summary.',
    firstKeptEntryId: session.entries.at(-1)?.id ?? '',
    tokensBefore: 100_000,
    ...(run.pi.dialect.tokensAfter ? { estimatedTokensAfter: 20_000 } : {}),
    details: { readFiles: [], modifiedFiles: [] },
  };
  session.addEntry('compaction', { ...result, fromHook: false });
  run.pi.isCompacting = false;
  emit({ type: 'compaction_end', reason, result, aborted: false, willRetry: reason === 'overflow' });
}

/** Removes the last message from what the model sees, and reports that. */
function dropFromContext({ pi }: Run): void {
  const targetId = pi.session.entries.at(-1)?.id;
  pi.session.forgetLastMessage();
  if (!pi.dialect.contextEdit) return;
  emit({ type: 'entry_appended', entry: pi.session.addEntry('context_edit', { targetId, replacement: null }) });
}

function enterUser(run: Run, text: string, mode: Arrival['mode']): void {
  const { pi } = run;
  keep(run, userMessage(text));
  const nth = pi.session.messages.filter(({ role }) => role === 'user').length;
  // Before the remaining steps: a steered agent answers the steer and goes on with its work.
  run.steps.unshift(...pi.stepsFor({ text, mode, nth, resumed: pi.session.resumed }));
}

function keep(run: Run, message: Json): void {
  emit({ type: 'message_start', message });
  emit({ type: 'message_end', message });
  remember(run, message);
}

function remember(run: Run, message: Json): void {
  run.messages.push(message);
  run.pi.session.addMessage(message);
}
