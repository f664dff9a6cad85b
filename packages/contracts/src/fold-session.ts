import type { SessionEventType } from './events/session-events.ts';
import type { RunScoped } from './events/task-events.ts';
import { instructionLevelSchema, type InstructionLevel } from './instruction.ts';
import { omit, patchRun, type Handler } from './fold-steps.ts';
import { own } from './own.ts';
import type { RunState, TaskState } from './task-state.ts';

type SessionHandlers = { readonly [T in SessionEventType]?: Handler<RunScoped<T>> };

/** Nothing gets past `declined`; evidence gets past `unknown`. */
const height = (level: InstructionLevel): number =>
  instructionLevelSchema.options.indexOf(level === 'unknown' ? 'sending' : level);

/** An opening instruction that gets further takes those with it whose text went along; what was refused or lost is told of each. */
function raise(state: TaskState, id: string, level: InstructionLevel, reason?: string): TaskState {
  const run = state.runs.at(-1);
  const further = level !== 'declined' && level !== 'unknown';
  const ids = further && run?.instructionId === id ? [id, ...run.carries] : [id];
  const instructions = { ...state.instructions };
  for (const each of ids) {
    const instruction = own(instructions, each);
    // What went along may have been settled by itself: that is not taken back.
    if (!instruction || (each !== id && height(instruction.level) >= height(level))) continue;
    instructions[each] = {
      ...instruction,
      level,
      ...(run ? { runId: run.runId } : {}),
      ...(reason === undefined ? {} : { reason }),
    };
  }
  return { ...state, instructions };
}

/** What a runtime's reports do to the state of its task. */
export const sessionHandlers: SessionHandlers & { readonly 'instruction.sending': Handler<{ instructionId: string }> } =
  {
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
      const { turn: _turn, ...rest } = run;
      const rested: RunState = { ...rest, lastOutcome: event.outcome, tools: {} };
      return { ...state, runs: [...state.runs.slice(0, -1), rested] };
    },
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
  };
