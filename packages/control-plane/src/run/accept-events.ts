import type { TaskEventOf } from '@runtime/contracts';
import { parseSessionEvent, type SessionEvent, type SessionEventType } from '@runtime/contracts/adapter';
import type { RunState, TaskState } from '@runtime/contracts/fold';
import { closedApprovals } from '../task/closed-approvals.ts';
import type { Draft } from '../task/draft.ts';
import type { BatchPart } from './parts-of-batch.ts';

const defaultApprovalMs = 3_600_000;
const sampleChars = 1024;
const lateMs = 1_000;

/** What one source record may become in the task's stream; each of them has room for the source's cursor. */
type Report = TaskEventOf<SessionEventType | 'run.progressed' | 'approval.resolved'>;

/**
 * Adds the events of one source record, or of a part of it, to the draft: each with its run, the last one with the
 * source's cursor.
 * An event that breaks its schema or the event table is quarantined: neither believed nor lost. Evidence that is
 * repeated is left out.
 */
export function acceptEvents(draft: Draft, run: RunState, { events, cursor, at }: BatchPart): void {
  const { runId } = run;
  const written = at === undefined ? undefined : Math.min(Math.max(0, Math.round(at)), draft.time);
  // Only what is read late has another time than its event.
  const isLate = written !== undefined && draft.time - written > lateMs;
  const stamp = {
    ...(cursor === undefined ? {} : { sourceCursor: cursor }),
    ...(isLate ? { sourceTime: written } : {}),
  };
  if (run.stalled && events.length > 0) draft.push({ type: 'run.progressed', runId, signal: 'activity' });
  for (const [index, event] of events.entries()) {
    const isLastEvent = index === events.length - 1;
    const reports = reportsOf(draft, runId, event, written);
    for (const [at, report] of reports.entries()) {
      const isLast = isLastEvent && at === reports.length - 1;
      accept(draft, event, isLast ? { ...report, ...stamp } : report);
    }
  }
  const last = draft.events.at(-1);
  if (last && !('sourceCursor' in last)) draft.amendLast((event) => ({ ...event, ...stamp }));
}

function accept(draft: Draft, event: SessionEvent, report: Report): void {
  const guard = draft.offer(report);
  if (!guard || isKnown(draft.state, report)) return;
  draft.push(quarantined(event, report, `${event.type} came out of order (${guard})`));
}

function reportsOf({ state, time }: Draft, runId: string, given: SessionEvent, written: number | undefined): Report[] {
  const event = parseSessionEvent(given);
  if (!event) return [quarantined(given, { runId }, `${given.type} does not fit its schema`)];
  if (event.type === 'approval.withdrawn') {
    const { approvalId } = event;
    return [{ type: 'approval.resolved', approvalId, resolution: { kind: 'cancelled' }, by: 'runtime', runId }];
  }
  if (event.type === 'approval.requested') {
    const limitMs = Math.min(state.spec.approvals?.timeoutMs ?? defaultApprovalMs, event.timeoutMs ?? Infinity);
    return [{ ...event, runId, expiresAt: time + limitMs }];
  }
  if (event.type === 'turn.ended') {
    // A later answer must not authorise anything.
    const closed = closedApprovals(state, { runId, by: 'runtime' });
    // Whether it was in time is judged by this, however early or late it is read.
    const ended = { ...event, runId, ...(written === undefined ? {} : { sourceTime: written }) };
    return [...closed.map((each) => ({ ...each, runId })), ended];
  }
  return [{ ...event, runId }];
}

/** Evidence that is repeated, or an approval that is closed already: nothing new and nothing wrong. */
function isKnown(state: TaskState, report: Report): boolean {
  if (report.type === 'approval.resolved') return true;
  if (report.type === 'approval.requested') return Object.hasOwn(state.approvals, report.approvalId);
  if (!('instructionId' in report) || !report.type.startsWith('instruction.')) return false;
  const level = state.instructions[report.instructionId ?? '']?.level;
  // The plane records `unknown` itself for a runtime that can show no more, which may say so later.
  if (report.type === `instruction.${level}`) return true;
  return level === undefined || level === 'observed' || level === 'delivered' || level === 'declined';
}

function quarantined(
  event: SessionEvent,
  { runId, sourceCursor }: { readonly runId?: string | undefined; readonly sourceCursor?: string | undefined },
  reason: string,
): TaskEventOf<'output.quarantined'> {
  const json = JSON.stringify(event) ?? '';
  return {
    type: 'output.quarantined',
    runId: runId ?? '',
    source: 'events',
    bytes: Buffer.byteLength(json),
    sample: json.slice(0, sampleChars),
    reason: reason.slice(0, 500),
    ...(sourceCursor === undefined ? {} : { sourceCursor }),
  };
}
