import { taskEventSchemas, type RuntimeCapabilities, type TaskSpec } from '../../src/index.ts';
import { foldTask, type TaskState } from '../../src/fold/index.ts';
import type { NewEvent, StoredEvent } from '../../src/log/index.ts';

const stream = 'task/task-1';

export const capabilities: RuntimeCapabilities = {
  firstInstruction: 'send',
  steer: 'observed',
  followUp: true,
  interrupt: true,
  resume: 'lossless',
  reattach: true,
  approvals: true,
  events: 'structured',
  usage: true,
  inputs: ['text'],
  models: true,
};

export const spec: TaskSpec = {
  prompt: [{ type: 'text', text: 'Fix the flaky test\nsoon' }],
  workspace: '/work',
  runtimes: [{ runtime: 'pi' }, { runtime: 'tmux' }],
  until: 'idle',
  recovery: 'auto',
  recoveryTimeoutMs: 60_000,
  retry: { maxAttempts: 3, baseDelayMs: 1000, maxDelayMs: 60_000 },
  degradeOn: [],
  maxOutputBytes: 1_000_000,
  shareWorkspace: false,
  labels: {},
};

export const submitted = (over: Partial<TaskSpec> = {}): NewEvent => ({
  type: 'task.submitted',
  spec: { ...spec, ...over },
  instructionId: 'ins-1',
});

export const starting = (generation: number, over: Record<string, unknown> = {}): NewEvent => ({
  type: 'run.starting',
  runId: `run-${generation}`,
  attempt: generation,
  generation,
  mode: generation === 1 ? 'start' : 'restart',
  target: { runtime: 'pi' },
  handle: {
    specVersion: 'runtime/1',
    runtime: 'pi',
    taskId: 'task-1',
    runId: `run-${generation}`,
    generation,
    runDir: `/runs/run-${generation}`,
    survivesHost: true,
  },
  instructionId: 'ins-1',
  carries: [],
  ...over,
});

const run = { runId: 'run-1' };
const seen = { kind: 'exited', code: 0 };
const succeeded = { status: 'succeeded' };
const choices = [
  { id: 'yes', label: 'Yes', kind: 'allow' },
  { id: 'no', label: 'No', kind: 'deny' },
];

/** Beginnings of a task's stream, each a step further than the one before. */
const queued = [submitted()];
const begun = [...queued, starting(1)];
const started = [...begun, { type: 'run.started', ...run, capabilities, version: '1' }];
const sent = [...started, { type: 'instruction.sending', ...run, instructionId: 'ins-1' }];
const accepted = [...sent, { type: 'instruction.accepted', ...run, instructionId: 'ins-1' }];
const inTurn = [...accepted, { type: 'turn.started', ...run, turnId: '1', instructionId: 'ins-1' }];
const delivered = [...inTurn, { type: 'instruction.delivered', ...run, instructionId: 'ins-1' }];
const withTool = [...delivered, { type: 'tool.started', ...run, callId: 'call-1', name: 'bash' }];
const withChild = [...delivered, { type: 'child.started', ...run, childId: 'child-1' }];
const asked = [
  ...withTool,
  { type: 'approval.requested', ...run, approvalId: 'ask-1', kind: 'tool', title: 'May I?', choices },
];
const answered = [
  ...asked,
  {
    type: 'approval.resolved',
    approvalId: 'ask-1',
    resolution: { kind: 'answered', decision: { choice: 'yes' } },
    by: 'me',
  },
];
const retrying = [
  ...delivered,
  { type: 'retry.scheduled', ...run, attempt: 1, delayMs: 4000, reason: '429: slow down' },
];
const compacting = [...delivered, { type: 'compaction.started', ...run, reason: 'overflow' }];
const rested = [
  ...delivered,
  { type: 'instruction.observed', ...run, instructionId: 'ins-1' },
  { type: 'turn.ended', ...run, turnId: '1', outcome: succeeded },
];
const stopping = [...rested, { type: 'run.stopping', ...run, cause: 'idle' }];
const runEnded = [...stopping, { type: 'run.ended', ...run, outcome: succeeded, exit: seen }];
const checking = [...runEnded, { type: 'check.started', ...run, checkId: 'check-1', round: 1 }];
const ended = [...runEnded, { type: 'task.ended', outcome: succeeded }];

export const story = {
  queued,
  begun,
  started,
  sent,
  accepted,
  inTurn,
  delivered,
  withTool,
  withChild,
  asked,
  answered,
  retrying,
  compacting,
  rested,
  stopping,
  runEnded,
  checking,
  ended,
} satisfies Record<string, readonly NewEvent[]>;

/** As the log would keep it: the n-th of its stream. */
export function stored(event: NewEvent, revision: number, time = revision * 10): StoredEvent {
  return { ...event, stream, position: revision, revision, time };
}

export function foldAll(events: readonly NewEvent[]): TaskState | undefined {
  return events.reduce<TaskState | undefined>(
    (state, event, index) => foldTask(state, stored(event, index + 1)),
    undefined,
  );
}

/** The state after a beginning; a test that names one relies on its being whole. */
export function after(events: readonly NewEvent[]): TaskState {
  const state = foldAll(events);
  if (!state) throw new Error('the story has no task');
  return state;
}

/** What of an event does not fit its schema. */
export function misfit(event: NewEvent): unknown {
  return taskEventSchemas[event.type]?.safeParse(event).error;
}
