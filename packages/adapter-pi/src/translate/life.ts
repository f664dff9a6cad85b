import { stateOf, type PiRecord } from '../wire.ts';

/**
 * Whether a turn is running, as far as Pi's output shows it. Our turn is longer than Pi's: it lasts from the first
 * `agent_start` until Pi settles, over retries, compactions and steers. A follow-up ends it as well, because Pi starts
 * one only when it has nothing else left to do.
 */
export interface Life {
  /** How many turns have begun. The number is the id of the current or last one. */
  turns: number;
  open: boolean;
  /**
   * Whether Pi reports `agent_settled`; otherwise the session asks whether Pi is idle. Known once `clear_queue` is
   * answered at the start (0.84.4 knows it, and `agent_settled` is older). Undefined before that.
   */
  settles: boolean | undefined;
  /** `agent_end` came, and nothing has begun since. */
  ended: boolean;
  retrying: boolean;
  compacting: boolean;
  /** `clear_queue` was answered in this turn, so we are interrupting it. Pi's output has no other trace of that. */
  interrupting: boolean;
  /** A record was spoiled since the last rest: which of them is not known, so Pi is asked whether it is idle. */
  lost: boolean;
  /** Pi was found idle before it reported `agent_settled`: the next one may be of the turn that is over. */
  owed: boolean;
  /** How often Pi may have been idle. The number is part of the id of the command that asks. */
  rests: number;
  /** A compaction has just ended: Pi may continue by itself a moment later. */
  afterCompaction: boolean;
}

/** What a record changes about the turn. */
export type LifeChange = 'none' | 'started' | 'rested';

export const newLife = (): Life => ({
  turns: 0,
  open: false,
  settles: undefined,
  ended: false,
  retrying: false,
  compacting: false,
  interrupting: false,
  lost: false,
  owed: false,
  rests: 0,
  afterCompaction: false,
});

/** Ends the id of a command that asks whether Pi is idle. With the number a late answer cannot end a later turn. */
export const restSuffix = (rests: number): string => `.rest-${rests}`;

/** Pi has ended its work, as far as it shows. */
const isDone = (life: Life): boolean => life.ended && !life.retrying && !life.compacting;

/** Pi seems to be idle, and its version does not report that. */
export const seemsAtRest = (life: Life): boolean => life.settles === false && life.open && isDone(life);

/**
 * Pi may be idle without a record that shows it. A version without `agent_settled` reports itself as idle in the delay
 * of a retry too, so that is excluded.
 */
export const mayBeAtRest = (life: Life): boolean =>
  life.open && (isDone(life) || (life.lost && !(life.retrying && life.settles === false)));

/** A record was spoiled. */
export function lose(life: Life): void {
  const before = mayBeAtRest(life);
  life.lost = true;
  if (!before && mayBeAtRest(life)) life.rests++;
}

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
  life.lost = false;
  return 'rested';
}

function settled(life: Life): LifeChange {
  life.settles = true;
  const isOfEarlierTurn = life.owed && !life.ended;
  life.owed = false;
  return isOfEarlierTurn ? 'none' : rest(life);
}

function onResponse(life: Life, record: PiRecord): LifeChange {
  if (record.type !== 'response') return 'none';
  if (record.command === 'clear_queue') {
    life.settles ??= record.success;
    if (life.open) life.interrupting = true;
  }
  if (record.id?.endsWith(restSuffix(life.rests)) !== true || !mayBeAtRest(life)) return 'none';
  const state = stateOf(record);
  if (!state || state.isStreaming || state.isCompacting) return 'none';
  life.owed = life.settles !== false;
  return rest(life);
}

/** Updates `life` in place with the next record. */
export function advance(life: Life, record: PiRecord): LifeChange {
  const before = mayBeAtRest(life);
  const change = step(life, record);
  if (!before && mayBeAtRest(life)) life.rests++;
  return change;
}

function step(life: Life, record: PiRecord): LifeChange {
  switch (record.type) {
    case 'agent_start':
      Object.assign(life, { ended: false, retrying: false, compacting: false, afterCompaction: false });
      return beginIfNone(life);
    case 'message_start':
      // Its `agent_start` may be missing, for instance if that line was unreadable.
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
      return settled(life);
    case 'response':
      return onResponse(life, record);
    case 'message_end':
    case 'turn_end':
    case 'message_update':
    case 'tool_execution_update':
    case 'tool_execution_end':
    case 'queue_update':
    case 'extension_ui_request':
    case 'summarization_retry_scheduled':
    case 'summarization_retry_finished':
    case 'thinking_level_changed':
    case 'other':
    default:
      return 'none';
  }
}
