import type { ErrorCode, RuntimeEvent, RuntimeReport, Target, TaskSpec } from '@runtime/contracts';
import type { AgentRuntime } from '@runtime/contracts/adapter';
import { runtimeStream, storedEvent, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import { startFaults } from './start-faults.ts';
import {
  afterFailure,
  breakerFamily,
  breakerOf,
  closedBreaker,
  isOpen,
  mayHalfOpen,
  type BreakerStates,
} from './breaker.ts';
import { runtimeKey, sourceOf, type Adapters, type RuntimeSource } from './adapters.ts';
import { Probes, type Found, type Looking } from './probes.ts';
import { unfit, type Unfit } from './target-fit.ts';
import type { Clock } from '../waiting/clock.ts';
import { Mutex } from '../waiting/mutex.ts';
import { whenThereIsRoom } from '../waiting/disk-room.ts';

export type TargetCheck =
  | { readonly ok: true; readonly runtime: AgentRuntime }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string; readonly retryAt?: number };

interface Fit {
  readonly found: Found;
  readonly lack?: Unfit | undefined;
}

const fitOf = (found: Found, target: Target, spec: Pick<TaskSpec, 'needs'>): Fit =>
  found.status === 'available' ? { found, lack: unfit(found, target, spec) } : { found };

/**
 * What is known of runtimes: probes, cached for each environment, and circuit breakers, in the log. A breaker is named by
 * `runtimeKey`: what fails in one project says nothing of another that has the same name.
 */
export class Runtimes {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #probes: Probes;
  readonly #mutex = new Mutex();
  /** Runtimes whose trial showed nothing: the next start is the trial. */
  readonly #voidTrials = new Set<string>();
  #breakers: BreakerStates = breakerFamily.initial;
  #freed: (key: string, until: number) => void = () => undefined;

  constructor(adapters: Adapters, log: EventLog, clock: Clock, closing: AbortSignal = new AbortController().signal) {
    this.#closing = closing;
    this.#log = log;
    this.#clock = clock;
    this.#probes = new Probes(adapters, clock, closing);
  }

  get breakers(): BreakerStates {
    return this.#breakers;
  }

  /** From a snapshot. */
  restore(states: BreakerStates): void {
    this.#breakers = states;
  }

  apply(event: StoredEvent): void {
    this.#breakers = breakerFamily.fold(this.#breakers, event);
  }

  probe(source: RuntimeSource, looking?: Looking): Promise<Found> {
    return this.#probes.get(source, looking);
  }

  /**
   * Calls back when starts on a runtime are let through before the time that was named: `until`, Unix ms, since then
   * tasks wait for it in vain. There is one listener.
   */
  onFreed(listener: (key: string, until: number) => void): void {
    this.#freed = listener;
  }

  /** Why a target will not do for a task, as far as its runtime answers; undefined when it will, or does not answer. */
  async unfit(
    target: Target,
    spec: Pick<TaskSpec, 'needs' | 'definitions'>,
    environment?: Looking['environment'],
  ): Promise<Unfit | undefined> {
    return (await this.#fitOf(target, spec, environment)).lack;
  }

  /** What a runtime answers, and what it lacks. A list of models may be an old one: before one is missed, it is fresh. */
  async #fitOf(
    target: Target,
    spec: Pick<TaskSpec, 'needs' | 'definitions'>,
    environment: Looking['environment'],
  ): Promise<Fit> {
    const source = sourceOf(spec, target.runtime);
    const fit = fitOf(await this.probe(source, { environment }), target, spec);
    if (fit.lack?.code !== 'INVALID_ARGUMENT') return fit;
    return fitOf(await this.probe(source, { environment, refresh: true }), target, spec);
  }

  /** Whether a run may begin on this target now. */
  async check(target: Target, spec: TaskSpec, environment?: Looking['environment']): Promise<TargetCheck> {
    const key = runtimeKey(sourceOf(spec, target.runtime));
    const state = breakerOf(this.#breakers, key);
    if (this.#isShut(key)) {
      return {
        ok: false,
        code: 'UNAVAILABLE',
        reason: 'The circuit breaker is open: the last starts failed',
        retryAt: state?.until ?? 0,
      };
    }
    const { found, lack } = await this.#fitOf(target, spec, environment);
    if (found.status === 'unavailable') return { ok: false, code: found.code, reason: found.reason };
    if (lack) return { ok: false, code: lack.code, reason: lack.reason };
    return { ok: true, runtime: found };
  }

  async report(source: RuntimeSource, looking?: Looking): Promise<RuntimeReport> {
    const found = await this.probe(source, looking);
    return { ...found, breaker: breakerOf(this.#breakers, runtimeKey(source))?.status ?? 'closed' };
  }

  /**
   * Asked right before a start: a breaker whose pause is over admits one trial. False while an earlier trial is
   * undecided.
   */
  async admitsStart(key: string): Promise<boolean> {
    let isAdmitted = true;
    await this.#record(key, (now) => {
      isAdmitted = !this.#isShut(key);
      const isTrial = this.#voidTrials.delete(key) || mayHalfOpen(breakerOf(this.#breakers, key), now);
      return isTrial ? [{ type: 'breaker.halfOpened' }] : [];
    });
    return isAdmitted;
  }

  #isShut(key: string): boolean {
    return isOpen(breakerOf(this.#breakers, key), this.#clock()) && !this.#voidTrials.has(key);
  }

  /** A start that shows nothing about its runtime, as one that was cancelled. If it was the trial, the next one is. */
  startGivenUp(key: string): void {
    const state = breakerOf(this.#breakers, key);
    if (state?.status !== 'half_open') return;
    this.#voidTrials.add(key);
    this.#freed(key, state.until);
  }

  async startFailed(key: string, runId: string, code: ErrorCode): Promise<void> {
    if (startFaults[code] !== 'runtime') {
      this.startGivenUp(key);
      return;
    }
    await this.#record(key, () => [{ type: 'start.failed', runId, code }]);
    await this.#record(key, (now) => {
      const opened = afterFailure(breakerOf(this.#breakers, key) ?? closedBreaker, now);
      return opened ? [opened] : [];
    });
  }

  async startSucceeded(key: string, runId: string): Promise<void> {
    this.#voidTrials.delete(key);
    const state = breakerOf(this.#breakers, key);
    // Without failures there is nothing to reset, and the start itself is in the task's stream already.
    if (!state || (state.failures === 0 && state.status === 'closed')) return;
    await this.#record(key, () => [
      { type: 'start.succeeded', runId },
      ...(state.status === 'closed' ? [] : [{ type: 'breaker.closed' as const }]),
    ]);
    this.#freed(key, state.until);
  }

  #record(key: string, decide: (now: number) => readonly RuntimeEvent[]): Promise<void> {
    return this.#mutex.run(async () => {
      const events = decide(this.#clock());
      if (events.length === 0) return;
      const stream = runtimeStream(key);
      const result = await whenThereIsRoom(() => this.#log.append(stream, events), this.#closing);
      for (const [index, event] of events.entries()) {
        const position = result.first + index;
        const revision = result.revision - events.length + index + 1;
        this.apply(storedEvent(event, { stream, position, revision, time: result.time }));
      }
    });
  }
}
