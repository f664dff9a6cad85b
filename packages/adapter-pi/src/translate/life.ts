import { stateOf, type PiRecord } from '../wire.ts';

/**
 * Whether the agent works or rests, as Pi's output tells it. Shared by the translator and by the session's own watch, so that both
 * number the turns alike. Our turn is longer than Pi's: it lasts from the first `agent_start` until Pi rests for good, over retries,
 * compactions and steers. A follow-up ends it as well: Pi takes one only when it has nothing else left to do.
 */
export interface Life {
  /** Turns begun; the current or last one's id is this number. */
  turns: number;
  open: boolean;
  /**
   * Pi says `agent_settled` by itself. Known since `clear_queue` was answered at the start (0.84.4; `agent_settled` is older);
   * where it does not, rest is found by asking. Undefined: not asked yet.
   */
  settles: boolean | undefined;
  /** `agent_end` came and nothing has begun since. */
  ended: boolean;
  retrying: boolean;
  compacting: boolean;
  /** `clear_queue` was answered in this turn: we are interrupting it. The only trace of our own intent that Pi's output keeps. */
  interrupting: boolean;
  /** How often Pi looked as if it rested; names the question that settles it. */
  rests: number;
  /** A compaction came just before: Pi may go on by itself a moment later. */
  afterCompaction: boolean;
}

/** What a record did to the turn. */
export type LifeChange = 'none' | 'started' | 'rested';

export const newLife = (): Life => ({
  turns: 0,
  open: false,
  settles: undefined,
  ended: false,
  retrying: false,
  compacting: false,
  interrupting: false,
  rests: 0,
  afterCompaction: false,
});

/** The end of an id that asks whether Pi rests; the number keeps a late answer from ending a later turn. */
export const restSuffix = (rests: number): string => `.rest-${rests}`;

/** Pi looks as if it rested, and its version does not say so by itself. */
export const seemsAtRest = (life: Life): boolean =>
  life.settles === false && life.open && life.ended && !life.retrying && !life.compacting;

export function beginTurn(life: Life): void {
  Object.assign(life, { open: true, turns: life.turns + 1, interrupting: false });
}

function beginIfNone(life: Life): LifeChange {
  if (life.open) return 'none';
  beginTurn(life);
  return 'started';
}

function rest(life: Life): LifeChange {
  if (!life.open) return 'none';
  Object.assign(life, { open: false, ended: false, retrying: false, compacting: false, afterCompaction: false });
  return 'rested';
}

function onResponse(life: Life, record: PiRecord): LifeChange {
  if (record.type !== 'response') return 'none';
  if (record.command === 'clear_queue') {
    life.settles ??= record.success;
    if (life.open) life.interrupting = true;
  }
  if (record.id?.endsWith(restSuffix(life.rests)) !== true || !seemsAtRest(life)) return 'none';
  const state = stateOf(record);
  return state && !state.isStreaming && !state.isCompacting ? rest(life) : 'none';
}

/** Takes one record in. */
export function advance(life: Life, record: PiRecord): LifeChange {
  const before = seemsAtRest(life);
  const change = step(life, record);
  if (!before && seemsAtRest(life)) life.rests++;
  return change;
}

function step(life: Life, record: PiRecord): LifeChange {
  switch (record.type) {
    case 'agent_start':
      Object.assign(life, { ended: false, retrying: false, afterCompaction: false });
      return beginIfNone(life);
    case 'message_start':
      // Without an `agent_start` before it, for instance when that line was lost.
      return record.message.role === 'assistant' ? beginIfNone(life) : 'none';
    case 'tool_execution_start':
      return beginIfNone(life);
    case 'agent_end':
      life.ended = true;
      if (record.willRetry === true) life.retrying = true;
      return 'none';
    case 'auto_retry_start':
      life.retrying = true;
      return 'none';
    case 'auto_retry_end':
      life.retrying = false;
      return 'none';
    case 'compaction_start':
      life.compacting = true;
      return 'none';
    case 'compaction_end':
      Object.assign(life, { compacting: false, afterCompaction: true });
      return 'none';
    case 'agent_settled':
      life.settles = true;
      return rest(life);
    case 'response':
      return onResponse(life, record);
    case 'message_end':
    case 'message_update':
    case 'tool_execution_update':
    case 'tool_execution_end':
    case 'queue_update':
    case 'extension_ui_request':
    case 'other':
    default:
      return 'none';
  }
}
