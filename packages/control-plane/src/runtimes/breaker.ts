import type { EventFamily, StoredEvent } from '@runtime/contracts/log';
import { runtimeEventSchemas, type RuntimeEvent } from '@runtime/contracts';

/** What the log says about starting on one runtime. */
export interface BreakerState {
  readonly failures: number;
  readonly status: 'closed' | 'open' | 'half_open';
  /**
   * Unix ms before which nothing is started: while open, and while the one start that was let through is not decided.
   */
  readonly until: number;
  readonly openings: number;
  /** Of the last event folded: a snapshot may be ahead of its own position. */
  readonly position: number;
}

export type BreakerStates = Readonly<Record<string, BreakerState>>;

export const closedBreaker: BreakerState = { failures: 0, status: 'closed', until: 0, openings: 0, position: 0 };
const failuresToOpen = 3;
const firstPauseMs = 30_000;
const longestPauseMs = 600_000;
/** How long the one start may take to show whether it works, before another one is let through. */
const trialMs = 30_000;

/** The state of a runtime's breaker. A runtime may be called `constructor`. */
export const breakerOf = (states: BreakerStates, id: string): BreakerState | undefined =>
  Object.hasOwn(states, id) ? states[id] : undefined;

/** Counts failed starts per runtime, in the log, so that a restart of ours does not forget them. */
export const breakerFamily: EventFamily<BreakerStates> = {
  name: 'breaker',
  version: '1',
  schemas: runtimeEventSchemas,
  streams: ['runtime/'],
  initial: {},
  fold(states, event: StoredEvent) {
    if (!event.stream.startsWith('runtime/')) return states;
    const id = event.stream.slice('runtime/'.length);
    const state = breakerOf(states, id) ?? closedBreaker;
    if (event.position <= state.position) return states;
    const next = foldOne(state, event);
    return next === state ? states : { ...states, [id]: { ...next, position: event.position } };
  },
};

function foldOne(state: BreakerState, event: StoredEvent): BreakerState {
  switch (event.type) {
    case 'start.failed':
      return { ...state, failures: state.failures + 1 };
    case 'start.succeeded':
      return closedBreaker;
    case 'breaker.opened':
      return {
        ...state,
        status: 'open',
        until: typeof event['until'] === 'number' ? event['until'] : 0,
        openings: state.openings + 1,
      };
    case 'breaker.halfOpened':
      return { ...state, status: 'half_open', until: event.time + trialMs };
    case 'breaker.closed':
      return closedBreaker;
    default:
      return state;
  }
}

/**
 * What a snapshot at this position needs to hold: without failures a breaker is as one that was never heard of, and
 * definitions come and go.
 */
export function worthKeeping(states: BreakerStates, position: number): BreakerStates {
  const isKept = (state: BreakerState): boolean =>
    state.failures > 0 || state.status !== 'closed' || state.position > position;
  return Object.fromEntries(Object.entries(states).filter(([, state]) => isKept(state)));
}

/** The event that a failed start calls for, if any. */
export function afterFailure(
  state: BreakerState,
  now: number,
): Extract<RuntimeEvent, { type: 'breaker.opened' }> | undefined {
  const opens = state.status === 'half_open' || (state.status === 'closed' && state.failures >= failuresToOpen);
  if (!opens) return undefined;
  const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, state.openings));
  return { type: 'breaker.opened', failures: state.failures, until: now + pause };
}

export const isOpen = (state: BreakerState | undefined, now: number): boolean =>
  state !== undefined && state.status !== 'closed' && now < state.until;
/** Its pause is over, or nothing became of the one that was let through: one start is let through. */
export const mayHalfOpen = (state: BreakerState | undefined, now: number): boolean =>
  state !== undefined && state.status !== 'closed' && now >= state.until;
