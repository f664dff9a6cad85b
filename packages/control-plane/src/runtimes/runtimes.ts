import type { ErrorCode, RuntimeEvent, RuntimeReport, Target, TaskSpec } from '@runtime/contracts';
import type { AgentRuntime, RuntimeAdapter } from '@runtime/contracts/adapter';
import { runtimeStream, storedEvent, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import { startFaults } from './start-faults.ts';
import { afterFailure, breakerFamily, closedBreaker, isOpen, mayHalfOpen, type BreakerStates } from './breaker.ts';
import { Probes, type Found } from './probes.ts';
import { unfit, type Unfit } from './target-fit.ts';
import type { Clock } from '../waiting/clock.ts';
import { Mutex } from '../waiting/mutex.ts';
import { whenThereIsRoom } from '../waiting/disk-room.ts';

export type TargetCheck =
  | { readonly ok: true; readonly runtime: AgentRuntime }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string; readonly retryAt?: number };

/** What is known of the configured runtimes: probes, cached, and their circuit breakers, in the log. */
export class Runtimes {
  readonly #adapters: ReadonlyMap<string, RuntimeAdapter>;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #probes: Probes;
  readonly #mutex = new Mutex();
  /** Runtimes whose trial showed nothing: the next start is the trial. */
  readonly #voidTrials = new Set<string>();
  #breakers: BreakerStates = breakerFamily.initial;
  #freed: (id: string, until: number) => void = () => undefined;

  constructor(
    adapters: ReadonlyMap<string, RuntimeAdapter>,
    log: EventLog,
    clock: Clock,
    closing: AbortSignal = new AbortController().signal,
  ) {
    this.#closing = closing;
    this.#adapters = adapters;
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

  probe(id: string, refresh = false): Promise<Found> {
    return this.#probes.get(id, refresh);
  }

  /**
   * Calls back when starts on a runtime are let through before the time that was named: `until`, Unix ms, since then
   * tasks wait for it in vain. There is one listener.
   */
  onFreed(listener: (id: string, until: number) => void): void {
    this.#freed = listener;
  }

  /** Why a target will not do for a task, as far as its runtime answers; undefined when it will, or does not answer. */
  async unfit(target: Target, spec: Pick<TaskSpec, 'needs'>): Promise<Unfit | undefined> {
    const found = await this.probe(target.runtime);
    return found.status === 'available' ? unfit(found, target, spec) : undefined;
  }

  /** Whether a run may begin on this target now. */
  async check(target: Target, spec: TaskSpec): Promise<TargetCheck> {
    const state = this.#breakers[target.runtime];
    if (this.#isShut(target.runtime)) {
      return {
        ok: false,
        code: 'UNAVAILABLE',
        reason: 'The circuit breaker is open: the last starts failed',
        retryAt: state?.until ?? 0,
      };
    }
    const found = await this.probe(target.runtime);
    if (found.status === 'unavailable') return { ok: false, code: found.code, reason: found.reason };
    const lack = unfit(found, target, spec);
    if (lack) return { ok: false, code: lack.code, reason: lack.reason };
    return { ok: true, runtime: found };
  }

  async reports(refresh: boolean): Promise<RuntimeReport[]> {
    const found = await Promise.all([...this.#adapters.keys()].map((id) => this.probe(id, refresh)));
    return found.map((report) => ({ ...report, breaker: this.#breakers[report.id]?.status ?? 'closed' }));
  }

  /**
   * Asked right before a start: a breaker whose pause is over admits one trial. False while an earlier trial is
   * undecided.
   */
  async admitsStart(id: string): Promise<boolean> {
    let isAdmitted = true;
    await this.#record(id, (now) => {
      isAdmitted = !this.#isShut(id);
      const isTrial = this.#voidTrials.delete(id) || mayHalfOpen(this.#breakers[id], now);
      return isTrial ? [{ type: 'breaker.halfOpened' }] : [];
    });
    return isAdmitted;
  }

  #isShut(id: string): boolean {
    return isOpen(this.#breakers[id], this.#clock()) && !this.#voidTrials.has(id);
  }

  /** A start that shows nothing about its runtime, as one that was cancelled. If it was the trial, the next one is. */
  startGivenUp(id: string): void {
    const state = this.#breakers[id];
    if (state?.status !== 'half_open') return;
    this.#voidTrials.add(id);
    this.#freed(id, state.until);
  }

  async startFailed(id: string, runId: string, code: ErrorCode): Promise<void> {
    if (startFaults[code] !== 'runtime') {
      this.startGivenUp(id);
      return;
    }
    await this.#record(id, () => [{ type: 'start.failed', runId, code }]);
    await this.#record(id, (now) => {
      const opened = afterFailure(this.#breakers[id] ?? closedBreaker, now);
      return opened ? [opened] : [];
    });
  }

  async startSucceeded(id: string, runId: string): Promise<void> {
    this.#voidTrials.delete(id);
    const state = this.#breakers[id];
    // Without failures there is nothing to reset, and the start itself is in the task's stream already.
    if (!state || (state.failures === 0 && state.status === 'closed')) return;
    await this.#record(id, () => [
      { type: 'start.succeeded', runId },
      ...(state.status === 'closed' ? [] : [{ type: 'breaker.closed' as const }]),
    ]);
    this.#freed(id, state.until);
  }

  #record(id: string, decide: (now: number) => readonly RuntimeEvent[]): Promise<void> {
    return this.#mutex.run(async () => {
      const events = decide(this.#clock());
      if (events.length === 0) return;
      const stream = runtimeStream(id);
      const result = await whenThereIsRoom(() => this.#log.append(stream, events), this.#closing);
      for (const [index, event] of events.entries()) {
        const position = result.first + index;
        const revision = result.revision - events.length + index + 1;
        this.apply(storedEvent(event, { stream, position, revision, time: result.time }));
      }
    });
  }
}
