import type { SessionEvent } from '@runtime/contracts/adapter';
import { headOf } from './text.ts';

interface Queued {
  readonly text: string;
  readonly mode: 'steer' | 'followUp';
  id?: string;
}

/**
 * Follows instructions by evidence. Pi's events name none of them: only responses carry our id. A response tells that the last text
 * which joined the queue is ours; texts leave the queue in order, right before their user message starts.
 */
export interface InstructionTrail {
  /** As `queue_update` shows them, oldest first. */
  steering: Queued[];
  followUp: Queued[];
  /** Left the queue; their user messages are about to start. */
  drained: Queued[];
  /** Accepted and not queued: the next user message is theirs. */
  starting: string[];
  /** What joined the queue last, until a response says whose it is. */
  fresh: Queued | undefined;
  /** In a turn, not yet answered. */
  delivered: string[];
  /** User messages that started before anybody claimed them. */
  unclaimed: number;
}

export const newTrail = (): InstructionTrail => ({
  steering: [],
  followUp: [],
  drained: [],
  starting: [],
  fresh: undefined,
  delivered: [],
  unclaimed: 0,
});

/** The new queue in the old one's terms: what stayed keeps its id, what left is returned. */
function compare(before: Queued[], texts: readonly string[], mode: Queued['mode']): { now: Queued[]; left: Queued[] } {
  const grown = before.every((item, index) => item.text === texts[index]);
  if (grown) return { now: texts.map((text, index) => before[index] ?? { text, mode }), left: [] };
  const cut = before.length - texts.length;
  if (cut > 0 && texts.every((text, index) => before[cut + index]?.text === text)) {
    return { now: before.slice(cut), left: before.slice(0, cut) };
  }
  const rest = [...before];
  const now = texts.map((text) => {
    const at = rest.findIndex((item) => item.text === text);
    return at === -1 ? { text, mode } : (rest.splice(at, 1)[0] ?? { text, mode });
  });
  return { now, left: rest };
}

export function onQueue(trail: InstructionTrail, steering: readonly string[], followUp: readonly string[]): void {
  const known = new Set([...trail.steering, ...trail.followUp]);
  const steers = compare(trail.steering, steering, 'steer');
  const follows = compare(trail.followUp, followUp, 'followUp');
  trail.steering = steers.now;
  trail.followUp = follows.now;
  trail.drained.push(...steers.left, ...follows.left);
  trail.fresh = [...steers.now, ...follows.now].findLast((item) => !known.has(item)) ?? trail.fresh;
}

const delivery = (instructionId: string, turnId: string | undefined): SessionEvent => ({
  type: 'instruction.delivered',
  instructionId,
  ...(turnId === undefined ? {} : { turnId }),
});

/** Pi took the prompt with this id. `queued` where Pi says which (0.99), else told by the queue. */
export function onAccepted(
  trail: InstructionTrail,
  id: string,
  turnId: string | undefined,
  disposition: string | undefined,
): SessionEvent[] {
  const events: SessionEvent[] = [{ type: 'instruction.accepted', instructionId: id }];
  const queued = disposition === 'started' ? undefined : trail.fresh;
  trail.fresh = undefined;
  if (queued) {
    queued.id = id;
  } else if (trail.unclaimed > 0) {
    trail.unclaimed--;
    trail.delivered.push(id);
    events.push(delivery(id, turnId));
  } else {
    trail.starting.push(id);
  }
  return events;
}

/** A user message starts: somebody's text enters the turn. */
export function onUserMessage(trail: InstructionTrail, turnId: string): SessionEvent[] {
  const drained = trail.drained.shift();
  const id = drained ? drained.id : trail.starting.shift();
  if (id === undefined) {
    // Nobody's yet: the response that claims it may still come.
    if (!drained || drained === trail.fresh) trail.unclaimed++;
    trail.fresh = undefined;
    return [];
  }
  trail.delivered.push(id);
  return [delivery(id, turnId)];
}

/** The agent answers: everything that was in the turn by then has been seen. */
export function onAnswer(trail: InstructionTrail): SessionEvent[] {
  if (trail.delivered.length === 0) return [];
  const ids = trail.delivered;
  trail.delivered = [];
  return ids.map((instructionId) => ({ type: 'instruction.observed', instructionId }));
}

const takenOut = (items: readonly Queued[]): SessionEvent[] =>
  items.flatMap((item) =>
    item.id === undefined
      ? []
      : [
          {
            type: 'instruction.declined',
            instructionId: item.id,
            reason: 'it was taken out of the queue by an interrupt before the agent saw it',
          },
        ],
  );

/** `clear_queue` names what it removed: those will never be delivered. The queue was shown empty right before. */
export function onCleared(trail: InstructionTrail, texts: readonly string[]): SessionEvent[] {
  const gone: Queued[] = [];
  for (const text of texts.toReversed()) {
    const at = trail.drained.findLastIndex((item) => item.text === text);
    if (at !== -1) gone.unshift(...trail.drained.splice(at, 1));
  }
  return takenOut(gone);
}

/** The session was opened anew, the only way of old versions to empty the queue. */
export function onReopened(trail: InstructionTrail): SessionEvent[] {
  const gone = [...trail.drained, ...trail.steering, ...trail.followUp];
  Object.assign(trail, { drained: [], steering: [], followUp: [] });
  return takenOut(gone);
}

/** The turn is over. What is queued stays queued: Pi keeps it for the next one. */
export function onRest(trail: InstructionTrail): void {
  trail.delivered = [];
  trail.unclaimed = 0;
  trail.fresh = undefined;
}

/** The user message about to start is a follow-up: the agent had nothing left to do before it. */
export const isFollowUpNext = (trail: InstructionTrail): boolean => trail.drained[0]?.mode === 'followUp';

export const declined = (instructionId: string, error: string): SessionEvent => ({
  type: 'instruction.declined',
  instructionId,
  reason: headOf(error, 2000),
});
