import { defined } from './handler.ts';
import {
  currentRun,
  isBeingChecked,
  isKeptOpen,
  isResting,
  openApprovals,
  type CheckState,
  type TaskState,
  type WorktreeState,
} from './task-state.ts';
import type { TaskStatus, TaskView } from '../plane/task-view.ts';
import { usageOfRuns } from './usage.ts';
import type { Part } from '../vocabulary/instruction.ts';

/** The state of the task's machine: `queued → running ⇄ waiting → …`, derived from the facts and never stored. */
export function taskStatus(state: TaskState): TaskStatus {
  if (state.outcome) return state.outcome.status;
  if (openApprovals(state).length > 0) return 'waiting';
  if (!currentRun(state)) return isBeingChecked(state) ? 'running' : 'queued';
  return isResting(state) && isKeptOpen(state) ? 'waiting' : 'running';
}

const maxHeadChars = 200;

/** The beginning of the text; other parts by their kind. */
function headOf(parts: readonly Part[]): string {
  let head = '';
  for (const part of parts) {
    head += `${head === '' ? '' : ' '}${part.type === 'text' ? part.text.slice(0, maxHeadChars) : `[${part.type}]`}`;
    if (head.length >= maxHeadChars) break;
  }
  return head.slice(0, maxHeadChars);
}

function checkView({ round, ok, exit, cause, message }: CheckState): NonNullable<TaskView['check']> {
  const status = ok === undefined ? 'running' : ok ? 'passed' : 'failed';
  return { round, status, ...defined({ exit, cause, message }) };
}

function worktreeView({ repository, dir, branch, base, preserved }: WorktreeState): NonNullable<TaskView['worktree']> {
  return { repository, dir, branch, base, ...defined({ preserved }) };
}

/** What is shown of a task. */
export function taskView(state: TaskState): TaskView {
  const usage = usageOfRuns(state.runs);
  const model = state.runs.at(-1)?.model;
  const titleText = state.spec.prompt.find((part) => part.type === 'text')?.text ?? '';
  return {
    id: state.id,
    ...(state.key === undefined ? {} : { key: state.key }),
    status: taskStatus(state),
    title: state.spec.title ?? (titleText.split('\n', 1)[0] ?? '').slice(0, 120),
    submittedAt: state.submittedAt,
    updatedAt: state.updatedAt,
    ...(state.endedAt === undefined ? {} : { endedAt: state.endedAt }),
    workspace: state.spec.workspace,
    ...(state.worktree ? { worktree: worktreeView(state.worktree) } : {}),
    targets: [...state.spec.runtimes],
    ...(Object.keys(state.spec.labels).length > 0 ? { labels: state.spec.labels } : {}),
    ...(state.outcome ? { outcome: state.outcome } : {}),
    ...(usage ? { usage } : {}),
    ...(model ? { model } : {}),
    ...(state.by === undefined ? {} : { by: state.by }),
    ...(state.ancestors?.[0] ? { parent: state.ancestors[0] } : {}),
    ...(state.next ? { nextAttemptAt: state.next.notBefore } : {}),
    ...(state.lastMessage === undefined ? {} : { lastMessage: state.lastMessage }),
    ...(state.check ? { check: checkView(state.check) } : {}),
    ...(state.artifacts ? { artifacts: state.artifacts } : {}),
    runs: state.runs.map((run) => ({
      runId: run.runId,
      runtime: run.target.runtime,
      ...(run.target.model === undefined ? {} : { model: run.target.model }),
      ...(run.target.thinking === undefined ? {} : { thinking: run.target.thinking }),
      attempt: run.attempt,
      generation: run.generation,
      mode: run.mode,
      status: run.status,
      startedAt: run.startedAt,
      ...(run.endedAt === undefined ? {} : { endedAt: run.endedAt }),
      ...(run.version === undefined ? {} : { version: run.version }),
      ...(run.usage ? { usage: run.usage } : {}),
      ...(run.turn ? { turnId: run.turn.turnId } : {}),
      ...(run.agentSessionId === undefined ? {} : { agentSessionId: run.agentSessionId }),
      ...(run.capabilities ? { capabilities: run.capabilities } : {}),
      ...(run.attach ? { attach: run.attach } : {}),
      ...(run.outcome ? { outcome: run.outcome } : {}),
      runDir: run.handle.runDir,
    })),
    instructions: Object.values(state.instructions).map((instruction) => ({
      id: instruction.id,
      mode: instruction.mode,
      level: instruction.level,
      text: headOf(instruction.parts ?? state.spec.prompt),
      ...(instruction.reason === undefined ? {} : { reason: instruction.reason }),
    })),
    approvals: openApprovals(state).map((approval) => ({
      id: approval.id,
      kind: approval.kind,
      title: approval.title,
      ...(approval.message === undefined ? {} : { message: approval.message }),
      choices: [...approval.choices],
      ...(approval.input === undefined ? {} : { input: approval.input }),
      ...(approval.expiresAt === undefined ? {} : { expiresAt: approval.expiresAt }),
    })),
    degradations: state.degradations,
    ...(state.cancel ? { cancel: state.cancel } : {}),
    ...(state.close ? { close: state.close } : {}),
  };
}
