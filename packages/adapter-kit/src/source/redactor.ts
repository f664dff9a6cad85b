import { deltaTypes, type SessionEvent } from '@runtime/contracts/adapter';
import { eventPieces } from './event-text.ts';
import { SecretMask } from './secret-mask.ts';
import { maskText, StreamMask } from './stream-mask.ts';

/** Masks secrets in events, in the order of the events. */
export interface Redactor {
  /**
   * The events without secrets. Deltas may come shorter, later or not at all; what was held back comes before the event
   * that completes them.
   */
  apply(events: readonly SessionEvent[]): readonly SessionEvent[];
  /** What is still held back, when the source has ended. */
  finish(): readonly SessionEvent[];
  /** For raw samples: every byte of a secret becomes `*`, lengths and offsets stay. */
  bytes(bytes: Buffer): Buffer;
}

type DeltaEvent = Extract<SessionEvent, { type: 'text.delta' | 'reasoning.delta' | 'output.delta' | 'tool.delta' }>;
interface Held {
  readonly mask: StreamMask;
  /** Makes the event that carries what was held back. */
  readonly event: (text: string) => DeltaEvent;
}

/** Ids are ours or the backend's handles: masking one would cut the thread between events. */
const idFields = new Set([
  'type',
  'messageId',
  'callId',
  'instructionId',
  'turnId',
  'approvalId',
  'childId',
  'agentSessionId',
  'source',
]);

/**
 * Masks `secrets` in everything that becomes an event, also where one is cut over several deltas: of each stream of
 * text (message, reasoning, tool, output) the end that may be the beginning of a secret is held back until more is
 * known.
 * Pure state: the same events give the same result, however the deltas of a stream are cut.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const secretMask = new SecretMask(secrets);
  return secretMask.isEmpty ? passThrough : new EventRedactor(secretMask);
}

/**
 * Same-length masking of raw bytes: `*` for every byte of a secret. Returns the same buffer when there is nothing to
 * mask.
 */
export function redactBytes(bytes: Buffer, secrets: readonly string[]): Buffer {
  return new SecretMask(secrets).bytes(bytes);
}

const passThrough: Redactor = { apply: (events) => events, finish: () => [], bytes: (bytes) => bytes };

class EventRedactor implements Redactor {
  readonly #secrets: SecretMask;
  readonly #held = new Map<string, Held>();

  constructor(secrets: SecretMask) {
    this.#secrets = secrets;
  }

  apply(events: readonly SessionEvent[]): readonly SessionEvent[] {
    const result: SessionEvent[] = [];
    for (const event of events) this.#applyOne(event, result);
    return result;
  }

  finish(): readonly SessionEvent[] {
    const result: SessionEvent[] = [];
    for (const key of this.#held.keys()) this.#flush(key, result);
    return result;
  }

  bytes(bytes: Buffer): Buffer {
    return this.#secrets.bytes(bytes);
  }

  #applyOne(event: SessionEvent, result: SessionEvent[]): void {
    if (isDelta(event)) return this.#applyDelta(event, result);
    for (const key of this.#completedBy(event)) this.#flush(key, result);
    result.push(this.#whole(event));
    return undefined;
  }

  #applyDelta(event: DeltaEvent, result: SessionEvent[]): void {
    const make = (text: string): DeltaEvent => ({ ...event, text });
    if (event.type === 'tool.delta' && event.mode === 'replace') {
      // A whole picture each time: an unfinished end is left out, the next picture has it.
      pushText(new StreamMask(this.#secrets).push(event.text), make, result);
      return;
    }
    const key = streamKey(event);
    let held = this.#held.get(key);
    if (!held) {
      held = { mask: new StreamMask(this.#secrets), event: make };
      this.#held.set(key, held);
    }
    pushText(held.mask.push(event.text), make, result);
  }

  /**
   * The streams of text that nothing follows any more. Raw output knows no turns: giving its end out there would let
   * the rest of a secret follow.
   */
  #completedBy(event: SessionEvent): readonly string[] {
    if (event.type === 'message.completed' || event.type === 'message.discarded') {
      return [`text.delta/${event.messageId}`, `reasoning.delta/${event.messageId}`];
    }
    if (event.type === 'tool.ended') return [`tool.delta/${event.callId}`];
    if (event.type === 'turn.ended') return [...this.#held.keys()].filter((key) => !key.startsWith('output.delta/'));
    return [];
  }

  #flush(key: string, result: SessionEvent[]): void {
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.delete(key);
    pushText(held.mask.flush(), held.event, result);
  }

  #whole(event: SessionEvent): SessionEvent {
    const masked: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(event)) {
      masked[field] = idFields.has(field) ? value : this.#deep(value);
    }
    return masked as SessionEvent; // every field keeps its type: only the characters of strings change
  }

  #deep(value: unknown): unknown {
    if (typeof value === 'string') return maskText(this.#secrets, value);
    if (Array.isArray(value)) return value.map((inner) => this.#deep(inner));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [maskText(this.#secrets, key), this.#deep(inner)]),
    );
  }
}

function isDelta(event: SessionEvent): event is DeltaEvent {
  return deltaTypes.has(event.type);
}

/** One stream of text, within which a secret may be cut. */
function streamKey(event: DeltaEvent): string {
  if (event.type === 'output.delta') return `${event.type}/${event.source}`;
  return `${event.type}/${event.type === 'tool.delta' ? event.callId : event.messageId}`;
}

/** What was held back may make a delta longer than an event may be. */
function pushText(text: string, make: Held['event'], result: SessionEvent[]): void {
  for (const piece of eventPieces(text)) result.push(make(piece));
}
