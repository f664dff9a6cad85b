import fc from 'fast-check';
import { currentRun, foldTask, forbids, openApprovals, type TaskState } from '../../src/fold/index.ts';
import type { NewEvent, StoredEvent } from '../../src/log/index.ts';
import { capabilities, starting, stored, submitted } from './story.ts';

export interface History {
  readonly events: readonly StoredEvent[];
  /** After each of the events. */
  readonly states: readonly TaskState[];
  readonly [fc.toStringMethod]: () => string;
}

const succeeded = { status: 'succeeded' };

/** Everything that could be said next, allowed or not. `n` is for ids that must be new. */
function imaginable(state: TaskState, n: number): NewEvent[] {
  const runId = currentRun(state)?.runId ?? 'run-0';
  const run = state.runs.at(-1);
  const instructionIds = Object.keys(state.instructions);
  const carries = instructionIds.filter(
    (id) => id !== 'ins-1' && state.instructions[id]?.level !== 'declined' && state.instructions[id]?.mode !== 'prompt',
  );
  const instruction = (type: string): NewEvent[] =>
    instructionIds.map((instructionId) => ({ type, runId, instructionId, reason: 'so it is' }));
  const callIds = [...Object.keys(run?.tools ?? {}), `call-${n}`];
  return [
    starting(state.runs.length + 1, { carries }),
    { type: 'run.started', runId, capabilities, version: '1', agentSessionId: 's' },
    { type: 'run.stopping', runId, cause: 'idle' },
    { type: 'run.ended', runId, outcome: succeeded, exit: { kind: 'exited', code: 0 } },
    { type: 'run.stalled', runId, signal: 'activity', waitingOn: 'model', silentMs: 1 },
    { type: 'run.progressed', runId, signal: 'activity' },
    { type: 'instruction.queued', instructionId: `ins-${n + 10}`, mode: 'steer', parts: [{ type: 'text', text: 'x' }] },
    ...['sending', 'accepted', 'delivered', 'observed', 'declined', 'unknown'].flatMap((level) =>
      instruction(`instruction.${level}`),
    ),
    { type: 'turn.started', runId, turnId: String(n) },
    { type: 'turn.ended', runId, turnId: run?.turn?.turnId ?? '1', outcome: succeeded },
    { type: 'text.delta', runId, messageId: 'm', text: 'hello', sourceCursor: String(n) },
    { type: 'output.delta', runId, source: 'stdout', text: 'ok' },
    ...callIds.flatMap((callId): NewEvent[] => [
      { type: 'tool.started', runId, callId, name: 'bash' },
      { type: 'tool.ended', runId, callId, ok: true },
    ]),
    { type: 'child.started', runId, childId: `child-${n}` },
    ...(run?.children ?? []).map((childId) => ({ type: 'child.ended', runId, childId, ok: true })),
    {
      type: 'approval.requested',
      ...(currentRun(state) ? { runId, kind: 'tool' } : { kind: 'recovery' }),
      approvalId: `ask-${n}`,
      title: 'May I?',
      choices: [],
    },
    ...openApprovals(state).map(({ id }) => ({
      type: 'approval.resolved',
      approvalId: id,
      resolution: { kind: 'cancelled' },
      by: 'me',
    })),
    { type: 'runtime.rejected', target: { runtime: 'pi' }, code: 'UNAVAILABLE', reason: 'gone' },
    {
      type: 'attempt.scheduled',
      notBefore: n,
      attempt: state.runs.length + 1,
      mode: 'restart',
      target: { runtime: 'pi' },
      reason: 'again',
    },
    { type: 'model.selected', runId, model: `model-${n}`, provider: 'p' },
    { type: 'retry.scheduled', runId, attempt: 1, delayMs: n, reason: '429' },
    { type: 'retry.ended', runId, attempt: 1, ok: true },
    { type: 'compaction.started', runId, reason: 'threshold' },
    { type: 'context.compacted', runId, reason: 'threshold', tokensBefore: n },
    { type: 'compaction.failed', runId, reason: 'no room' },
    { type: 'interrupt.requested', runId, by: 'me' },
    { type: 'cancel.requested', by: 'me' },
    { type: 'close.requested', by: 'me' },
    { type: 'task.ended', outcome: succeeded },
    { type: 'schedule.touched', by: 'another family' },
  ];
}

/** Ends are rare and beginnings frequent, so that histories get somewhere. */
const weights: Readonly<Record<string, number>> = {
  'task.ended': 1,
  'cancel.requested': 1,
  'close.requested': 1,
  'run.stopping': 1,
  'run.ended': 2,
  'instruction.declined': 1,
  'instruction.unknown': 1,
  'run.starting': 12,
  'run.started': 25,
  'turn.started': 12,
  'instruction.sending': 8,
  'instruction.accepted': 12,
  'instruction.delivered': 12,
  'instruction.observed': 12,
};

function play(choices: readonly number[], until: 'idle' | 'closed'): History {
  const events: StoredEvent[] = [];
  const states: TaskState[] = [];
  let state: TaskState | undefined;
  const push = (event: NewEvent, choice: number): void => {
    // Time stands still or goes on, never back.
    const kept = stored(event, events.length + 1, (events.at(-1)?.time ?? 0) + (choice % 7));
    state = foldTask(state, kept);
    if (!state) throw new Error('a submitted task has a state');
    events.push(kept);
    states.push(state);
  };
  push(submitted({ until }), 0);
  for (const choice of choices) {
    const now = states.at(-1);
    if (!now) break;
    const allowed = imaginable(now, events.length).filter((event) => forbids(now, event) === undefined);
    const weighted = allowed.flatMap((event) => Array.from({ length: weights[event.type] ?? 3 }, () => event));
    const event = weighted[choice % weighted.length];
    if (event) push(event, choice);
  }
  const shown = events.map(({ type, instructionId }) =>
    typeof instructionId === 'string' ? `${type} ${instructionId}` : type,
  );
  return { events, states, [fc.toStringMethod]: () => shown.join(', ') };
}

/** Histories of one task that the table allows, with the table itself as the judge. */
export const histories: fc.Arbitrary<History> = fc
  .tuple(
    fc.array(fc.nat({ max: 100_000 }), { minLength: 10, maxLength: 60, size: 'max' }),
    fc.constantFrom('idle', 'closed'),
  )
  .map(([choices, until]) => play(choices, until));

export { imaginable };
