import { addUsage } from './usage.ts';
import type { Usage } from '../vocabulary/usage.ts';
import type { TaskEventType } from '../events/task-events.ts';
import { instructionLevelSchema, type InstructionLevel } from '../vocabulary/instruction.ts';
import { changeRun, defined, omit, patchRun, withoutCompaction, withoutRetry, type Handlers } from './handler.ts';
import { own } from '../base/own.ts';
import { maxWritten, type RunState, type TaskState, type WrittenFile } from './task-state.ts';

const unsettled: ReadonlySet<InstructionLevel> = new Set(['queued', 'sending', 'accepted']);
/** How far a level is. `declined` is final; evidence overrides `unknown`, which therefore counts as `sending`. */
const height = (level: InstructionLevel): number =>
  instructionLevelSchema.options.indexOf(level === 'unknown' ? 'sending' : level);
/**
 * Whether a carried instruction gets the level of the one that carries it. A refusal is reported for each by itself.
 */
const followsCarrier = (from: InstructionLevel, to: InstructionLevel): boolean =>
  to === 'unknown' ? unsettled.has(from) : to !== 'declined' && height(from) < height(to);

/** Sets an instruction's level; an opening instruction raises the ones that it carries, too. */
function raise(state: TaskState, id: string, level: InstructionLevel, reason?: string): TaskState {
  const run = state.runs.at(-1);
  const carried = run?.instructionId === id ? run.carries : [];
  const instructions = { ...state.instructions };
  for (const each of [id, ...carried]) {
    const instruction = own(instructions, each);
    if (!instruction || (each !== id && !followsCarrier(instruction.level, level))) continue;
    instructions[each] = {
      ...instruction,
      level,
      ...(run ? { runId: run.runId } : {}),
      ...(reason === undefined ? {} : { reason }),
    };
  }
  return { ...state, instructions };
}

const maxMessageHeadChars = 500;

/** The usage of a run after a turn of it. A cumulative report already counts the turn. */
function afterTurn(sum: Usage | undefined, turn: Usage | undefined): Usage | undefined {
  if (!turn || sum?.scope === 'cumulative') return sum;
  if (!sum || turn.scope === 'cumulative') return turn;
  return addUsage(sum, turn);
}

/** A task that ignores what is written remembers none of it. */
function wrote(state: TaskState, { path, kind }: Pick<WrittenFile, 'path' | 'kind'>): TaskState {
  if (state.spec.written === 'ignore') return state;
  const { written = [], writtenOmitted = 0 } = state;
  const others = written.filter((file) => file.path !== path || file.kind !== kind);
  if (others.length >= maxWritten) return { ...state, writtenOmitted: writtenOmitted + 1 };
  return { ...state, written: [...others, { path, kind, generation: state.runs.at(-1)?.generation ?? 0 }] };
}

/** What the reports of a runtime do to the state of its task. */
export const sessionHandlers = {
  'session.opened': (state, event) => patchRun(state, { agentSessionId: event.agentSessionId }),
  'instruction.sending': (state, event) => raise(state, event.instructionId, 'sending'),
  'instruction.accepted': (state, event) => raise(state, event.instructionId, 'accepted'),
  'instruction.delivered': (state, event) => raise(state, event.instructionId, 'delivered'),
  'instruction.observed': (state, event) => raise(state, event.instructionId, 'observed'),
  'instruction.declined': (state, event) => raise(state, event.instructionId, 'declined', event.reason),
  'instruction.unknown': (state, event) => raise(state, event.instructionId, 'unknown', event.reason),
  'turn.started': (state, event) =>
    patchRun(state, {
      turn: { turnId: event.turnId, startedAt: event.time },
      turns: (state.runs.at(-1)?.turns ?? 0) + 1,
      interrupted: false,
    }),
  'turn.ended': (state, event) =>
    changeRun(state, (run): RunState => {
      const { turn: _turn, turnEndedAt: _earlier, ...rest } = withoutRetry(withoutCompaction(run));
      return {
        ...rest,
        lastOutcome: event.outcome,
        tools: {},
        ...defined({ turnEndedAt: event.sourceTime, usage: afterTurn(run.usage, event.usage) }),
      };
    }),
  'usage.reported': (state, { usage }) => (usage.scope === 'cumulative' ? patchRun(state, { usage }) : state),
  'model.selected': (state, { model, provider, thinking, answeredBy }) =>
    patchRun(state, { model: defined({ model, provider, thinking, answeredBy }) }),
  'retry.scheduled': (state, { attempt, reason, delayMs, sourceTime, time }) => {
    const until = Math.min((sourceTime ?? time) + delayMs, Number.MAX_SAFE_INTEGER);
    return patchRun(state, { retry: { attempt, until, reason } });
  },
  'retry.ended': (state) => changeRun(state, withoutRetry),
  'compaction.started': (state, { reason }) => patchRun(state, { compaction: { reason } }),
  'context.compacted': (state) => changeRun(state, withoutCompaction),
  'compaction.failed': (state) => changeRun(state, withoutCompaction),
  'message.completed': (state, { text }) =>
    text.trim() === '' ? state : { ...state, lastMessage: text.slice(0, maxMessageHeadChars) },
  'tool.started': (state, event) => {
    const run = state.runs.at(-1);
    if (!run) return state;
    return patchRun(state, {
      tools: { ...run.tools, [event.callId]: event.name },
      toolsStarted: run.toolsStarted + 1,
    });
  },
  'tool.ended': (state, event) => patchRun(state, { tools: omit(state.runs.at(-1)?.tools ?? {}, event.callId) }),
  'file.written': (state, event) => wrote(state, event),
  'child.started': (state, event) =>
    patchRun(state, { children: [...(state.runs.at(-1)?.children ?? []), event.childId] }),
  'child.ended': (state, event) =>
    patchRun(state, { children: (state.runs.at(-1)?.children ?? []).filter((id) => id !== event.childId) }),
} satisfies Partial<Handlers<TaskEventType>>;
