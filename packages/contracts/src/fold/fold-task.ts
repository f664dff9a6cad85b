import type { StoredEvent } from '../log/event-log.ts';
import { deltaTypes } from '../events/session-events.ts';
import type { TaskEventType } from '../events/task-events.ts';
import { taskIdOf } from '../log/streams.ts';
import { sessionHandlers } from './session-handlers.ts';
import {
  defined,
  patchRun,
  withoutCompaction,
  withoutRetry,
  type Handler,
  type Handlers,
  type StoredByType,
} from './handler.ts';
import { own } from '../base/own.ts';
import {
  currentRun,
  openApprovals,
  type ApprovalState,
  type InstructionState,
  type RunState,
  type TaskState,
} from './task-state.ts';

/**
 * The version of `foldTask`. It changes when the fold makes another state of the same events: snapshots of another
 * version are not read.
 */
export const taskFoldVersion = '7';

function submitted(event: StoredByType['task.submitted']): TaskState {
  const prompt: InstructionState = { id: event.instructionId, mode: 'prompt', level: 'queued' };
  return {
    id: taskIdOf(event.stream) ?? '',
    spec: event.spec,
    ...defined({ key: event.key, by: event.by, ancestors: event.ancestors }),
    submittedAt: event.time,
    updatedAt: event.time,
    position: event.position,
    revision: event.revision,
    runs: [],
    instructions: { [prompt.id]: prompt },
    promptId: prompt.id,
    approvals: {},
    rejected: [],
    degradations: 0,
  };
}

const starting: Handler<'run.starting'> = (state, event) => {
  const run: RunState = {
    runId: event.runId,
    attempt: event.attempt,
    generation: event.generation,
    mode: event.mode,
    target: event.target,
    handle: event.handle,
    status: 'starting',
    instructionId: event.instructionId,
    carries: event.carries,
    ...defined({ resumes: event.resumes }),
    turns: 0,
    tools: {},
    toolsStarted: 0,
    children: [],
    interrupted: false,
    startedAt: event.time,
    activityAt: event.time,
    outputChars: 0,
    pausedMs: 0,
    stalled: false,
  };
  const instructions = { ...state.instructions };
  for (const id of [event.instructionId, ...event.carries]) {
    const instruction = own(instructions, id);
    if (instruction) instructions[id] = { ...instruction, level: 'queued', runId: event.runId };
  }
  const { next: _next, ...rest } = state;
  return { ...rest, runs: [...state.runs, run], instructions, rejected: [], approvals: {} };
};

const ended: Handler<'run.ended'> = (state, event) => {
  const { turn: _turn, pausedSince: _since, ...run } = withoutRetry(withoutCompaction(state.runs.at(-1)!));
  const over: RunState = {
    ...run,
    status: 'ended',
    outcome: event.outcome,
    exit: event.exit,
    endedAt: event.time,
    tools: {},
    children: [],
  };
  const approvals = Object.fromEntries(
    Object.entries(state.approvals).filter(([, approval]) => approval.runId !== event.runId),
  );
  return { ...state, runs: [...state.runs.slice(0, -1), over], approvals };
};

const requested: Handler<'approval.requested'> = (state, event) => {
  const approval: ApprovalState = {
    id: event.approvalId,
    kind: event.kind,
    title: event.title,
    choices: event.choices,
    ...defined({ runId: event.runId, message: event.message, input: event.input, expiresAt: event.expiresAt }),
  };
  const next = { ...state, approvals: { ...state.approvals, [approval.id]: approval } };
  const run = currentRun(state);
  return run && run.pausedSince === undefined ? patchRun(next, { pausedSince: event.time }) : next;
};

/**
 * How many resolved approvals are kept: an answer is delivered again after a reattach, and a second answer is compared
 * with the first.
 */
const resolvedKept = 64;

function withoutOldest(approvals: TaskState['approvals']): TaskState['approvals'] {
  const resolved = Object.values(approvals).filter(({ resolution }) => resolution !== undefined);
  const gone = new Set(resolved.slice(0, Math.max(0, resolved.length - resolvedKept)).map(({ id }) => id));
  return gone.size === 0 ? approvals : Object.fromEntries(Object.entries(approvals).filter(([id]) => !gone.has(id)));
}

const resolved: Handler<'approval.resolved'> = (state, event) => {
  const approval = own(state.approvals, event.approvalId);
  if (!approval) return state;
  const closed = { ...approval, resolution: event.resolution, by: event.by };
  const next = { ...state, approvals: withoutOldest({ ...state.approvals, [approval.id]: closed }) };
  const run = currentRun(next);
  if (!run || run.pausedSince === undefined || openApprovals(next).length > 0) return next;
  const { pausedSince, ...unpaused } = run;
  const pausedMs = run.pausedMs + Math.max(0, event.time - pausedSince);
  return { ...next, runs: [...next.runs.slice(0, -1), { ...unpaused, pausedMs, activityAt: event.time }] };
};

const planeHandlers = {
  'run.starting': starting,
  'run.started': (state, event) =>
    patchRun(state, {
      // A stop that was decided before it had started stays decided.
      status: state.runs.at(-1)?.status === 'stopping' ? 'stopping' : 'active',
      capabilities: event.capabilities,
      version: event.version,
      ...defined({ agentSessionId: event.agentSessionId, attach: event.attach }),
    }),
  'run.reattached': (state, { attach }) => (attach ? patchRun(state, { attach }) : state),
  'run.resumed': (state, event) => patchRun(state, { agentSessionId: event.agentSessionId }),
  'run.stopping': (state, event) => {
    const run = state.runs.at(-1);
    const stoppedInTurn = run?.turn !== undefined;
    return patchRun(state, { status: 'stopping', stopCause: run?.stopCause ?? event.cause, stoppedInTurn });
  },
  'run.ended': ended,
  'run.stalled': (state) => patchRun(state, { stalled: true }),
  'run.progressed': (state) => patchRun(state, { stalled: false }),
  'interrupt.requested': (state) => patchRun(state, { interrupted: true }),
  'instruction.queued': (state, event) => ({
    ...state,
    instructions: {
      ...state.instructions,
      [event.instructionId]: {
        id: event.instructionId,
        mode: event.mode,
        level: 'queued',
        ...defined({ parts: event.parts, key: event.key, expiresAt: event.expiresAt, ifTurn: event.ifTurn }),
      },
    },
  }),
  'approval.requested': requested,
  'approval.resolved': resolved,
  'runtime.rejected': (state, event) => {
    const { next: _next, ...rest } = state;
    return { ...rest, rejected: [...state.rejected, { target: event.target, code: event.code, reason: event.reason }] };
  },
  'runtime.degraded': (state) => ({ ...state, degradations: state.degradations + 1 }),
  'attempt.scheduled': (state, event) => ({
    ...state,
    next: {
      notBefore: event.notBefore,
      attempt: event.attempt,
      mode: event.mode,
      target: event.target,
      reason: event.reason,
    },
    ...defined({ roundsUsed: event.roundsUsed }),
  }),
  'artifact.stored': (state, { artifact }) => {
    const { count = 0, bytes = 0 } = state.artifacts ?? {};
    return { ...state, artifacts: { count: count + 1, bytes: bytes + artifact.bytes } };
  },
  'worktree.added': (state, { worktree }) => ({ ...state, worktree }),
  'worktree.preserved': (state, { ref, commit, changed }) =>
    state.worktree ? { ...state, worktree: { ...state.worktree, preserved: { ref, commit, changed } } } : state,
  'worktree.restored': (state) =>
    state.worktree ? { ...state, worktree: { ...state.worktree, restoredAfter: state.runs.length } } : state,
  'check.started': (state, { checkId, runId, round, time }) => {
    const starts = state.check?.round === round ? state.check.starts + 1 : 1;
    return { ...state, check: { checkId, runId, round, starts, startedAt: time } };
  },
  'check.ended': (state, { ok, exit, cause, message }) =>
    state.check ? { ...state, check: { ...state.check, ok, exit, ...defined({ cause, message }) } } : state,
  'cancel.requested': (state, event) =>
    state.cancel ? state : { ...state, cancel: defined({ by: event.by, at: event.time, why: event.why }) },
  'close.requested': (state, event) =>
    state.close ? state : { ...state, close: defined({ by: event.by, at: event.time, why: event.why }) },
  'task.ended': (state, event) => {
    const { next: _next, written: _written, writtenOmitted: _omitted, ...rest } = state;
    return { ...rest, outcome: event.outcome, endedAt: event.time, approvals: {} };
  },
} satisfies Partial<Handlers<TaskEventType>>;

const handlers = { ...sessionHandlers, ...planeHandlers };
type HandledType = keyof typeof handlers;

const isHandled = (event: StoredEvent): event is StoredByType[HandledType] => Object.hasOwn(handlers, event.type);
const isSubmitted = (event: StoredEvent): event is StoredByType['task.submitted'] => event.type === 'task.submitted';

/** The table's type, so that a handler and its event are seen to belong together. */
const table: Handlers<HandledType> = handlers;
function apply<T extends HandledType>(type: T, state: TaskState, event: StoredByType[T]): TaskState {
  return table[type](state, event);
}

/**
 * The state of a task after one more event of its stream; `undefined` before `task.submitted`.
 * Pure: the same state for the same events. Ignores what it does not know: other families' events, and events of a run
 * that is not the current one.
 */
export function foldTask(state: TaskState | undefined, event: StoredEvent): TaskState | undefined {
  if (isSubmitted(event)) return submitted(event);
  if (!state) return undefined;
  const next: TaskState = { ...state, position: event.position, revision: event.revision, updatedAt: event.time };
  if (isOfAnotherRun(state, event)) return next;
  const touched = touch(next, event);
  return isHandled(event) ? apply(event.type, touched, event) : touched;
}

/** Events that name a run and are no reports of it: it begins with them, or has ended before. */
const aboutRuns: ReadonlySet<string> = new Set([
  'run.starting',
  'artifact.stored',
  'artifact.refused',
  'check.started',
  'check.ended',
]);

/** Whether a report comes from a run that is over. */
function isOfAnotherRun(state: TaskState, { type, runId }: StoredEvent): boolean {
  if (typeof runId !== 'string' || aboutRuns.has(type)) return false;
  return currentRun(state)?.runId !== runId;
}

/** What every event of the current run does: the cursor moves, and output counts as activity. */
function touch(state: TaskState, event: StoredEvent): TaskState {
  // A new owner is no sign of life of the agent.
  const isReport = !aboutRuns.has(event.type) && event.type !== 'run.reattached';
  if (!isReport || typeof event['runId'] !== 'string') return state;
  const cursor = event['sourceCursor'];
  const text = event['text'];
  const delta = deltaTypes.has(event.type) && typeof text === 'string' ? text.length : 0;
  const lost = event.type === 'output.quarantined' && typeof event['bytes'] === 'number' ? event['bytes'] : 0;
  if (typeof cursor !== 'string' && delta === 0) return state;
  const run = state.runs.at(-1)!;
  const written = event['sourceTime'];
  const at = typeof written === 'number' ? Math.min(written, event.time) : event.time;
  return patchRun(state, {
    activityAt: Math.max(run.activityAt, at),
    outputChars: run.outputChars + delta + lost,
    ...(typeof cursor === 'string' ? { sourceCursor: cursor } : {}),
  });
}
