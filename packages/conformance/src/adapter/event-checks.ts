import { taskSpecSchema, type RuntimeCapabilities } from '@runtime/contracts';
import { maxEventTextChars, sessionEventSchemas, type Launch, type SessionEvent } from '@runtime/contracts/adapter';
import { foldTask, forbids, type TaskState } from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';

/** Checks one event against its schema. Returns what is wrong; undefined for a valid event. */
export function schemaFault(event: SessionEvent): string | undefined {
  const schema = Object.hasOwn(sessionEventSchemas, event.type) ? sessionEventSchemas[event.type] : undefined;
  if (!schema) return `there is no event ${event.type}`;
  const parsed = schema.safeParse(event);
  return parsed.success ? undefined : `${event.type}: ${parsed.error.message}`;
}

/**
 * Checks the order of events with the guards and the fold of a plane's log. Returns the first event that is out of
 * order; undefined when there is none. `instructionIds` are the instructions that were sent after the launch's own.
 */
export function orderFault(
  events: readonly SessionEvent[],
  launch: Launch,
  capabilities: RuntimeCapabilities,
  instructionIds: readonly string[] = [],
): string | undefined {
  const { runId } = launch.handle;
  let state: TaskState | undefined;
  let revision = 0;
  const apply = (event: NewEvent): string | undefined => {
    const reason = forbids(state, event);
    if (reason !== undefined) return `${event.type} as number ${revision}: ${reason}`;
    revision += 1;
    const envelope = { v: 1, time: 0, epoch: 1, position: revision, revision, stream: `task/${launch.handle.taskId}` };
    state = foldTask(state, { ...event, ...envelope });
    return undefined;
  };
  for (const event of preamble(launch, capabilities, instructionIds)) {
    const reason = apply(event);
    if (reason !== undefined) throw new Error(`the preamble of the check is out of order: ${reason}`);
  }
  for (const event of events) {
    const reason = apply({ ...event, runId });
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function preamble(launch: Launch, capabilities: RuntimeCapabilities, instructionIds: readonly string[]): NewEvent[] {
  const { handle, target, instruction, workspace } = launch;
  const { runId } = handle;
  const spec = taskSpecSchema.parse({ prompt: instruction.parts, workspace, runtimes: [target] });
  return [
    { type: 'task.submitted', spec, instructionId: instruction.id },
    {
      type: 'run.starting',
      runId,
      attempt: 1,
      generation: 1,
      mode: 'start',
      target,
      handle,
      instructionId: instruction.id,
      carries: [],
    },
    { type: 'instruction.sending', runId, instructionId: instruction.id },
    { type: 'run.started', runId, capabilities, version: '1' },
    ...instructionIds.flatMap((instructionId) => [
      { type: 'instruction.queued', instructionId, mode: 'followUp', parts: instruction.parts },
      { type: 'instruction.sending', runId, instructionId },
    ]),
  ];
}

/** Checks that each turn of an ended run starts once and ends once, under its own id. Returns what is wrong. */
export function turnFault(events: readonly SessionEvent[]): string | undefined {
  const seen = new Set<string>();
  let open: string | undefined;
  for (const event of events) {
    if (event.type === 'turn.started') {
      if (seen.has(event.turnId)) return `turn ${event.turnId} started twice`;
      seen.add(event.turnId);
      open = event.turnId;
    } else if (event.type === 'turn.ended') {
      if (event.turnId !== open) return `turn ${event.turnId} ended while ${open ?? 'none'} was open`;
      open = undefined;
    }
  }
  if (seen.size === 0) return 'there was no turn';
  return open === undefined ? undefined : `turn ${open} never ended`;
}

const ends: Readonly<Record<string, 'retry' | 'compaction'>> = {
  'retry.ended': 'retry',
  'context.compacted': 'compaction',
  'compaction.failed': 'compaction',
};

/** Checks that what the backend does by itself ends before its turn and before the run. Returns what does not. */
export function pauseFault(events: readonly SessionEvent[]): string | undefined {
  const open = new Set<string>();
  const left = (when: string): string | undefined => {
    const [first] = open;
    return first === undefined ? undefined : `a ${first} had no end ${when}`;
  };
  for (const event of events) {
    const ended = ends[event.type];
    if (ended !== undefined) open.delete(ended);
    if (event.type === 'retry.scheduled') open.add('retry');
    if (event.type === 'compaction.started') open.add('compaction');
    const fault = event.type === 'turn.ended' ? left(`in turn ${event.turnId}`) : undefined;
    if (fault !== undefined) return fault;
  }
  return left('at all');
}

/** Compares each completed message with its deltas. Returns the first difference. */
export function messageFault(events: readonly SessionEvent[]): string | undefined {
  const texts = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'text.delta') texts.set(event.messageId, (texts.get(event.messageId) ?? '') + event.text);
    if (event.type !== 'message.completed') continue;
    const streamed = texts.get(event.messageId);
    if (streamed === undefined) continue;
    const { text, omittedChars = 0, messageId } = event;
    if (omittedChars === 0 && streamed !== text) return `message ${messageId} is not what was streamed`;
    if (omittedChars === 0) continue;
    if (text.length + omittedChars !== streamed.length)
      return `message ${messageId} omits another number of characters`;
    if (text.length > maxEventTextChars || !isHeadAndTail(text, streamed))
      return `message ${messageId} is no head and tail`;
  }
  return undefined;
}

/** True when the text is a head of the whole followed by a tail of it: compared from both ends, the two must meet. */
function isHeadAndTail(text: string, whole: string): boolean {
  let head = 0;
  while (head < text.length && text[head] === whole[head]) head += 1;
  let tail = 0;
  while (tail < text.length && text.at(-1 - tail) === whole.at(-1 - tail)) tail += 1;
  return head + tail >= text.length;
}
