import type { SessionEvent } from '@runtime/contracts/adapter';
import { headOf } from '@runtime/adapter-kit/source';

interface Queued {
  readonly text: string;
  readonly mode: 'steer' | 'followUp';
  id?: string;
}

/**
 * Follows each instruction by evidence. Pi's events do not name instructions, only its responses do: a response shows
 * that the text which joined the queue last belongs to its instruction. Texts leave the queue in order, right before
 * their user message starts.
 */
export interface InstructionTrail {
  /** As in the last `queue_update`, oldest first. */
  steering: Queued[];
  followUp: Queued[];
  /** Texts that left the queue and whose user messages are about to start. */
  drained: Queued[];
  /** Instructions that were accepted and not queued: the next user messages are theirs. */
  starting: string[];
  /** The text that joined the queue last, until a response shows its instruction. */
  fresh: Queued | undefined;
  /** Instructions in the turn that the agent has not answered yet. */
  delivered: string[];
  /** How many user messages started before a response showed their instruction. */
  unclaimed: number;
  /** Those of them whose turn ended before that. */
  orphans: number;
  /** The prompt that Pi answered last. */
  answered: string | undefined;
}

export const newTrail = (): InstructionTrail => ({
  steering: [],
  followUp: [],
  drained: [],
  starting: [],
  fresh: undefined,
  delivered: [],
  unclaimed: 0,
  orphans: 0,
  answered: undefined,
});

/** Compares the queue with what it was: texts that stayed keep their ids, and those that left are returned. */
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

/**
 * Pi accepted the prompt with this id. Since 0.99 `disposition` shows whether it was queued; before, the queue does.
 */
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

/** A user message started, and no response showed whose it is. */
export const isUnexplained = ({ unclaimed, orphans }: InstructionTrail): boolean => unclaimed + orphans > 0;

/** The response is lost, and a user message shows that Pi got the prompt. */
export function onLateAnswer(trail: InstructionTrail, id: string, turnId: string | undefined): SessionEvent[] {
  if (trail.unclaimed > 0) return onAccepted(trail, id, turnId, undefined);
  trail.orphans--;
  return [{ type: 'instruction.accepted', instructionId: id }, delivery(id, undefined)];
}

/** A user message starts: the text of an instruction enters the turn. */
export function onUserMessage(trail: InstructionTrail, turnId: string): SessionEvent[] {
  const drained = trail.drained.shift();
  const id = drained ? drained.id : trail.starting.shift();
  if (id === undefined) {
    // The response that shows its instruction may still come.
    if (!drained || drained === trail.fresh) trail.unclaimed++;
    trail.fresh = undefined;
    return [];
  }
  trail.delivered.push(id);
  return [delivery(id, turnId)];
}

/** The agent answers, so it has seen every instruction in the turn. */
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
            reason: 'An interrupt removed the instruction from the queue before the agent saw it',
          },
        ],
  );

/**
 * `clear_queue` names the texts that it removed; they will not be delivered. A `queue_update` emptied the queue right
 * before.
 */
export function onCleared(trail: InstructionTrail, texts: readonly string[]): SessionEvent[] {
  const gone: Queued[] = [];
  for (const text of texts.toReversed()) {
    const at = trail.drained.findLastIndex((item) => item.text === text);
    if (at !== -1) gone.unshift(...trail.drained.splice(at, 1));
  }
  return takenOut(gone);
}

/** The session was reopened, which is how old versions empty the queue. */
export function onReopened(trail: InstructionTrail): SessionEvent[] {
  const gone = [...trail.drained, ...trail.steering, ...trail.followUp];
  Object.assign(trail, { drained: [], steering: [], followUp: [] });
  return takenOut(gone);
}

/** The turn has ended. Pi keeps its queue for the next turn. */
export function onRest(trail: InstructionTrail): void {
  trail.delivered = [];
  trail.orphans = trail.unclaimed;
  trail.unclaimed = 0;
  trail.fresh = undefined;
}

/** A turn that begins with the next user message, while another one is open. */
export interface NextTurn {
  readonly instructionId: string | undefined;
  /** Pi was idle when the prompt came. Without `agent_settled` it may begin it before it answers that it is idle. */
  readonly rested: boolean;
}

/** Undefined for a steer, and for a message that nobody's instruction explains: they belong to the turn. */
export function nextTurn({ drained, starting }: InstructionTrail): NextTurn | undefined {
  const [queued] = drained;
  if (queued) return queued.mode === 'followUp' ? { instructionId: queued.id, rested: false } : undefined;
  return starting.length > 0 ? { instructionId: starting[0], rested: true } : undefined;
}

export const declined = (instructionId: string, error: string): SessionEvent => ({
  type: 'instruction.declined',
  instructionId,
  reason: headOf(error, 2000),
});
