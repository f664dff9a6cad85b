import { addUsage } from './usage.ts';
import type { Usage } from '../vocabulary/usage.ts';
import type { TaskEventType } from '../events/task-events.ts';
import { instructionLevelSchema, type InstructionLevel } from '../vocabulary/instruction.ts';
import { defined, omit, patchRun, type Handlers } from './handler.ts';
import { own } from '../base/own.ts';
import type { RunState, TaskState } from './task-state.ts';

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
  'turn.ended': (state, event) => {
    const run = state.runs.at(-1);
    if (!run) return state;
    const { turn: _turn, turnEndedAt: _earlier, ...rest } = run;
    const rested: RunState = {
      ...rest,
      lastOutcome: event.outcome,
      tools: {},
      ...defined({ turnEndedAt: event.sourceTime, usage: afterTurn(run.usage, event.usage) }),
    };
    return { ...state, runs: [...state.runs.slice(0, -1), rested] };
  },
  'usage.reported': (state, { usage }) => (usage.scope === 'cumulative' ? patchRun(state, { usage }) : state),
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
  'child.started': (state, event) =>
    patchRun(state, { children: [...(state.runs.at(-1)?.children ?? []), event.childId] }),
  'child.ended': (state, event) =>
    patchRun(state, { children: (state.runs.at(-1)?.children ?? []).filter((id) => id !== event.childId) }),
} satisfies Partial<Handlers<TaskEventType>>;
