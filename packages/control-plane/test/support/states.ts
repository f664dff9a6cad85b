import { memoryCapabilities } from '@runtime/conformance/memory-runtime';
import { taskSpecSchema, type TaskSpec } from '@runtime/contracts';
import { foldTask, type RunState, type TaskState } from '@runtime/contracts/fold';
import type { NewEvent, StoredEvent } from '@runtime/contracts/log';

export const capabilities = memoryCapabilities;

/** Events of one task, one every ten milliseconds, as a log would keep them. */
function storedAll(events: readonly NewEvent[]): StoredEvent[] {
  return events.map((event, index) => ({
    ...event,
    stream: 'task/task-1',
    position: index + 1,
    revision: index + 1,
    time: (index + 1) * 10,
  }));
}

export function fold(events: readonly NewEvent[]): TaskState {
  const state = storedAll(events).reduce<TaskState | undefined>((now, event) => foldTask(now, event), undefined);
  if (!state) throw new Error('no task was submitted');
  return state;
}

export function submitted(over: Partial<TaskSpec> = {}): NewEvent {
  const spec = taskSpecSchema.parse({
    prompt: [{ type: 'text', text: 'go' }],
    workspace: '/work',
    runtimes: [{ runtime: 'first' }, { runtime: 'second' }],
    ...over,
  });
  return { type: 'task.submitted', spec, instructionId: 'ins-1' };
}

export function starting(generation: number, over: Record<string, unknown> = {}): NewEvent {
  const runId = `run-${generation}`;
  const target = { runtime: 'first' };
  return {
    type: 'run.starting',
    runId,
    attempt: generation,
    generation,
    mode: generation === 1 ? 'start' : 'restart',
    target,
    handle: {
      specVersion: 'runtime/1',
      runtime: target.runtime,
      taskId: 'task-1',
      runId,
      generation,
      runDir: `/runs/${runId}`,
      survivesHost: true,
    },
    instructionId: 'ins-1',
    carries: [],
    ...over,
  };
}

const run = { runId: 'run-1' };
export const started = (over: Record<string, unknown> = {}): NewEvent => ({
  type: 'run.started',
  ...run,
  capabilities,
  version: '1',
  agentSessionId: 'session-1',
  ...over,
});
/** From the first byte of the prompt to the beginning of its turn. */
export const turnBegun: readonly NewEvent[] = [
  { type: 'instruction.sending', ...run, instructionId: 'ins-1' },
  { type: 'instruction.accepted', ...run, instructionId: 'ins-1' },
  { type: 'turn.started', ...run, turnId: '1', instructionId: 'ins-1' },
  { type: 'instruction.delivered', ...run, instructionId: 'ins-1' },
];

/** A task in the middle of its first turn. */
export const inTurn = (over: Partial<TaskSpec> = {}): NewEvent[] => [
  submitted(over),
  starting(1),
  started(),
  ...turnBegun,
];

export function lastRun(state: TaskState): RunState {
  const last = state.runs.at(-1);
  if (!last) throw new Error('the task has no run');
  return last;
}
