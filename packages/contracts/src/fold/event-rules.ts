import type { NewEvent } from '../log/event-log.ts';
import type { TaskEventType } from '../events/task-events.ts';
import type { InstructionLevel } from '../vocabulary/instruction.ts';
import { maxOpen } from '../events/session-events.ts';
import { own } from '../base/own.ts';
import { currentRun, openApprovals, openCheck, type TaskState } from './task-state.ts';

/**
 * A condition on the state of a task that must hold before an event may be appended to its stream.
 */
export type Guard =
  /** The first of its stream. */
  | 'task.new'
  | 'task.open'
  /** No run, or it ended. */
  | 'run.none'
  /** The event's run is the current one. */
  | 'run.current'
  | 'run.unstarted'
  /** Started, or stopping after it had started. */
  | 'run.started'
  | 'run.not-stopping'
  | 'turn.none'
  | 'turn.open'
  | 'tool.new'
  | 'tool.open'
  /** Fewer than `maxOpen` of its kind are open. */
  | 'tool.room'
  | 'child.room'
  | 'child.open'
  | 'approval.room'
  | 'approval.new'
  | 'approval.open'
  | 'instruction.new'
  /** A retry was scheduled, and neither it nor its turn has ended. */
  | 'retry.open'
  | 'compaction.none'
  | 'check.none'
  | 'check.open'
  | { readonly instruction: readonly InstructionLevel[] };

/** What must precede an event. */
export interface EventRule {
  /** In words, for the table in the docs. */
  readonly follows: string;
  readonly when: readonly Guard[];
}

const session = ['task.open', 'run.current', 'run.started'] as const;
const inTurn = [...session, 'turn.open'] as const;
const level = (...levels: InstructionLevel[]): Guard => ({ instruction: levels });

/**
 * What must be so before an event may be appended to a task's stream, by type. This table is the contract
 * (`docs/events.md` is made from it):
 * the plane refuses what it does not allow, and a backend's report that breaks it is quarantined.
 */
const between = ['task.open', 'run.none', 'check.none'] as const;

export const eventRules: { readonly [T in TaskEventType]: EventRule } = {
  'task.submitted': { follows: 'nothing: it is the first of its stream', when: ['task.new'] },
  'runtime.rejected': { follows: 'task.submitted, while no run is open', when: ['task.open', 'run.none'] },
  'runtime.degraded': { follows: 'runtime.rejected or run.ended', when: ['task.open', 'run.none'] },
  'attempt.scheduled': {
    follows: 'runtime.rejected, run.ended or check.ended',
    when: ['task.open', 'run.none', 'check.none'],
  },
  'run.starting': {
    follows: 'task.submitted; the run and the check before it ended',
    when: ['task.open', 'run.none', 'check.none'],
  },
  'run.started': { follows: 'run.starting', when: ['task.open', 'run.current', 'run.unstarted'] },
  'run.reattached': { follows: 'run.starting, by a later owner', when: ['task.open', 'run.current'] },
  'run.resumed': { follows: 'run.started', when: session },
  'run.stopping': { follows: 'run.starting', when: ['task.open', 'run.current', 'run.not-stopping'] },
  'run.ended': { follows: 'run.starting', when: ['task.open', 'run.current'] },
  'run.stalled': { follows: 'run.started', when: session },
  'run.progressed': { follows: 'run.stalled', when: session },
  'session.opened': { follows: 'run.started', when: session },
  'session.closed': { follows: 'session.opened', when: session },
  'instruction.queued': { follows: 'task.submitted', when: ['task.open', 'instruction.new'] },
  'instruction.sending': {
    follows: 'instruction.queued and run.starting; before the first byte leaves',
    when: ['task.open', 'run.current', level('queued', 'sending')],
  },
  'instruction.accepted': { follows: 'instruction.sending', when: [...session, level('sending', 'unknown')] },
  'instruction.delivered': { follows: 'instruction.accepted', when: [...session, level('accepted', 'unknown')] },
  'instruction.observed': { follows: 'instruction.delivered', when: [...session, level('delivered')] },
  'instruction.declined': {
    follows: 'instruction.queued, before it was delivered',
    when: ['task.open', level('queued', 'sending', 'accepted', 'unknown')],
  },
  'instruction.unknown': {
    follows: 'instruction.sending',
    when: ['task.open', level('queued', 'sending', 'accepted')],
  },
  'turn.started': { follows: 'run.started; the turn before it ended', when: [...session, 'turn.none'] },
  'turn.ended': { follows: 'its turn.started', when: inTurn },
  'text.delta': { follows: 'turn.started', when: inTurn },
  'reasoning.delta': { follows: 'turn.started', when: inTurn },
  'message.completed': { follows: 'the last delta of its message', when: inTurn },
  'message.discarded': { follows: 'turn.started', when: inTurn },
  'output.delta': { follows: 'run.started', when: session },
  'tool.started': { follows: `turn.started; ${maxOpen} at a time`, when: [...inTurn, 'tool.new', 'tool.room'] },
  'tool.delta': { follows: 'its tool.started', when: [...inTurn, 'tool.open'] },
  'tool.ended': { follows: 'its tool.started', when: [...inTurn, 'tool.open'] },
  'file.written': { follows: 'turn.started', when: inTurn },
  'approval.requested': {
    follows: `run.started, or run.ended for one of kind recovery; ${maxOpen} at a time`,
    when: ['task.open', 'approval.new', 'approval.room'],
  },
  'approval.resolved': { follows: 'its approval.requested, once', when: ['task.open', 'approval.open'] },
  'approval.withdrawn': { follows: 'its approval.requested', when: [...session, 'approval.open'] },
  'child.started': { follows: `turn.started; ${maxOpen} at a time`, when: [...inTurn, 'child.room'] },
  'child.ended': { follows: 'its child.started', when: [...session, 'child.open'] },
  'output.gap': { follows: 'run.started', when: session },
  'output.quarantined': { follows: 'run.started', when: session },
  'usage.reported': { follows: 'run.started', when: session },
  'model.selected': { follows: 'run.started', when: session },
  'retry.scheduled': { follows: 'run.started', when: session },
  'retry.ended': {
    follows: 'the last retry.scheduled of its call, before turn.ended',
    when: [...session, 'retry.open'],
  },
  'compaction.started': {
    follows: 'run.started; the compaction before it ended',
    when: [...session, 'compaction.none'],
  },
  // A backend may report nothing but the end.
  'context.compacted': { follows: 'run.started; its compaction.started, if any', when: session },
  'compaction.failed': { follows: 'run.started; its compaction.started, if any', when: session },
  'artifact.stored': { follows: 'task.submitted', when: ['task.open'] },
  'artifact.refused': { follows: 'task.submitted', when: ['task.open'] },
  'check.started': { follows: 'run.ended; the check before it ended, or was lost', when: ['task.open', 'run.none'] },
  'check.ended': { follows: 'its check.started', when: ['task.open', 'run.none', 'check.open'] },
  'worktree.added': { follows: 'task.submitted, while no run is open', when: between },
  'worktree.preserved': { follows: 'worktree.added, while no run is open', when: between },
  'worktree.restored': { follows: 'worktree.preserved, while no run is open', when: between },
  'cancel.requested': { follows: 'task.submitted', when: ['task.open'] },
  'interrupt.requested': { follows: 'run.started', when: ['task.open', 'run.current', 'run.not-stopping'] },
  'close.requested': { follows: 'task.submitted', when: ['task.open'] },
  'task.ended': {
    follows: 'everything: it is the last of its stream, exactly once',
    when: ['task.open', 'run.none', 'check.none'],
  },
};

const idOf = (event: NewEvent, field: string): string => (typeof event[field] === 'string' ? event[field] : '');

const checks: {
  readonly [G in Exclude<Guard, object>]: (state: TaskState | undefined, event: NewEvent) => boolean;
} = {
  'task.new': (state) => state === undefined,
  'task.open': (state) => state !== undefined && state.outcome === undefined,
  'run.none': (state) => state !== undefined && currentRun(state) === undefined,
  'run.current': (state, event) => state !== undefined && currentRun(state)?.runId === event['runId'],
  'run.unstarted': (state) => state?.runs.at(-1)?.capabilities === undefined,
  'run.started': (state) => state?.runs.at(-1)?.capabilities !== undefined,
  'run.not-stopping': (state) => state?.runs.at(-1)?.status !== 'stopping',
  'turn.none': (state) => state?.runs.at(-1)?.turn === undefined,
  'turn.open': (state) => state?.runs.at(-1)?.turn !== undefined,
  'tool.new': (state, event) => own(state?.runs.at(-1)?.tools, idOf(event, 'callId')) === undefined,
  'tool.open': (state, event) => own(state?.runs.at(-1)?.tools, idOf(event, 'callId')) !== undefined,
  'tool.room': (state) => Object.keys(state?.runs.at(-1)?.tools ?? {}).length < maxOpen,
  'child.room': (state) => (state?.runs.at(-1)?.children.length ?? 0) < maxOpen,
  'approval.room': (state) => state === undefined || openApprovals(state).length < maxOpen,
  'child.open': (state, event) => state?.runs.at(-1)?.children.includes(idOf(event, 'childId')) === true,
  'approval.new': (state, event) => own(state?.approvals, idOf(event, 'approvalId')) === undefined,
  'approval.open': (state, event) => {
    const approval = own(state?.approvals, idOf(event, 'approvalId'));
    return approval !== undefined && approval.resolution === undefined;
  },
  'retry.open': (state) => state?.runs.at(-1)?.retry !== undefined,
  'compaction.none': (state) => state?.runs.at(-1)?.compaction === undefined,
  'check.none': (state) => state === undefined || openCheck(state) === undefined,
  'check.open': (state, event) => state?.check?.checkId === event['checkId'] && state?.check?.ok === undefined,
  'instruction.new': (state, event) => own(state?.instructions, idOf(event, 'instructionId')) === undefined,
};

/**
 * The first guard that forbids this event now, or undefined when it may be appended. Events of other families are not
 * judged.
 */
export function forbids(state: TaskState | undefined, event: NewEvent): string | undefined {
  const rule = own<EventRule>(eventRules, event.type);
  if (!rule) return state === undefined ? 'task.open' : undefined;
  for (const guard of rule.when) {
    if (typeof guard !== 'object') {
      if (!checks[guard](state, event)) return guard;
      continue;
    }
    const instruction = own(state?.instructions, idOf(event, 'instructionId'));
    if (!instruction || !guard.instruction.includes(instruction.level)) {
      return `instruction.${instruction?.level ?? 'missing'}`;
    }
  }
  return undefined;
}
