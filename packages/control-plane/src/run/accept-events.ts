import { backendIdSchema } from '@runtime/contracts';
import { maxEventTextChars, sessionEventSchemas, type SessionEvent } from '@runtime/contracts/adapter';
import { foldTask, forbids, openApprovals, type RunState, type TaskState } from '@runtime/contracts/fold';
import { taskStream, type NewEvent, type StoredEvent } from '@runtime/contracts/log';

const defaultApprovalMs = 3_600_000;
const sampleChars = 1024;

/**
 * What is appended for the events of one source record: each with its run, the last one with the source's cursor.
 * What breaks its schema or the order table is quarantined, not believed and not lost.
 */
export function stamp(
  state: TaskState,
  run: RunState,
  events: readonly SessionEvent[],
  cursor: string,
  now: number,
): NewEvent[] {
  const stamped: NewEvent[] = [];
  let folded = state;
  const push = (event: NewEvent): void => {
    stamped.push(event);
    folded = foldTask(folded, provisional(folded, event, now)) ?? folded;
  };
  if (run.stalled && events.length > 0) push({ type: 'run.progressed', runId: run.runId, signal: 'activity' });
  for (const event of events) {
    for (const each of translate(folded, run, event, now)) {
      const guard = forbids(folded, each);
      if (!guard) push(each);
      else if (!isOldNews(folded, each)) push(quarantined(run, event, `${event.type} came out of order (${guard})`));
    }
  }
  const last = stamped.at(-1);
  if (last) stamped[stamped.length - 1] = { ...last, sourceCursor: cursor };
  return stamped;
}

function provisional(state: TaskState, event: NewEvent, time: number): StoredEvent {
  return { ...event, stream: taskStream(state.id), position: state.position + 1, revision: state.revision + 1, time };
}

function translate(state: TaskState, run: RunState, given: SessionEvent, now: number): NewEvent[] {
  const { runId } = run;
  const event = believed(given);
  if (!event) return [quarantined(run, given, `${given.type} does not fit its schema`)];
  if (event.type === 'approval.withdrawn') {
    return [
      {
        type: 'approval.resolved',
        approvalId: event.approvalId,
        resolution: { kind: 'cancelled' },
        by: 'runtime',
        runId,
      },
    ];
  }
  if (event.type === 'approval.requested') {
    const limit = Math.min(state.spec.approvals?.timeoutMs ?? defaultApprovalMs, event.timeoutMs ?? Infinity);
    return [{ ...event, runId, expiresAt: now + limit }];
  }
  if (event.type === 'turn.ended') {
    // An answer that comes later must not authorise anything.
    const open = openApprovals(state).filter((approval) => approval.runId === runId);
    return [
      ...open.map((each): NewEvent => ({
        type: 'approval.resolved',
        approvalId: each.id,
        resolution: { kind: 'cancelled' },
        by: 'runtime',
        runId,
      })),
      { ...event, runId },
    ];
  }
  return [{ ...event, runId }];
}

/** The event as its schema has it, without fields that are not in it; undefined when it does not fit. */
function believed(event: SessionEvent): SessionEvent | undefined {
  if (!Object.hasOwn(sessionEventSchemas, event.type)) return undefined;
  // Messages come in many increments, and these have nothing in them but an id and text.
  if (event.type === 'text.delta' || event.type === 'reasoning.delta') {
    const { type, messageId, text } = event;
    const fits =
      backendIdSchema.safeParse(messageId).success && typeof text === 'string' && text.length <= maxEventTextChars;
    return fits ? { type, messageId, text } : undefined;
  }
  return sessionEventSchemas[event.type].safeParse(event).data;
}

/** Evidence that is repeated, or an approval that is closed already: nothing new and nothing wrong. */
function isOldNews(state: TaskState, event: NewEvent): boolean {
  if (event.type === 'approval.resolved') return true;
  if (event.type === 'approval.requested') return state.approvals[String(event['approvalId'])] !== undefined;
  if (!event.type.startsWith('instruction.')) return false;
  const level = state.instructions[String(event['instructionId'])]?.level;
  return level === undefined || level === 'observed' || level === 'delivered' || level === 'declined';
}

function quarantined(run: RunState, event: SessionEvent, reason: string): NewEvent {
  const json = JSON.stringify(event) ?? '';
  return {
    type: 'output.quarantined',
    runId: run.runId,
    source: 'events',
    bytes: Buffer.byteLength(json),
    sample: json.slice(0, sampleChars),
    reason: reason.slice(0, 500),
  };
}
