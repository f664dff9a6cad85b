import type { SessionEventType } from '../events/session-events.ts';
import type { RunScoped } from '../events/task-events.ts';
import { instructionLevelSchema, type InstructionLevel } from '../vocabulary/instruction.ts';
import { omit, patchRun, type Handler } from './handler.ts';
import { own } from '../base/own.ts';
import type { RunState, TaskState } from './task-state.ts';

type SessionHandlers = { readonly [T in SessionEventType]?: Handler<RunScoped<T>> };

const unsettled: ReadonlySet<InstructionLevel> = new Set(['queued', 'sending', 'accepted']);
/** Nothing gets past `declined`; evidence gets past `unknown`. */
const height = (level: InstructionLevel): number =>
  instructionLevelSchema.options.indexOf(level === 'unknown' ? 'sending' : level);
/** Whether an instruction whose text went along with another one is where that one is now. What was refused is told of each. */
const goesAlong = (from: InstructionLevel, to: InstructionLevel): boolean =>
  to === 'unknown' ? unsettled.has(from) : to !== 'declined' && height(from) < height(to);

/** An opening instruction takes those with it whose text went along. */
function raise(state: TaskState, id: string, level: InstructionLevel, reason?: string): TaskState {
  const run = state.runs.at(-1);
  const carried = run?.instructionId === id ? run.carries : [];
  const instructions = { ...state.instructions };
  for (const each of [id, ...carried]) {
    const instruction = own(instructions, each);
    if (!instruction || (each !== id && !goesAlong(instruction.level, level))) continue;
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
