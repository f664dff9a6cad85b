import {
  abortable,
  AgentRuntimeError,
  unmetNeeds,
  type ErrorCode,
  type RuntimeEvent,
  type RuntimeReport,
  type Target,
  type TaskSpec,
} from '@runtime/contracts';
import type { AgentRuntime, RuntimeAdapter, Unavailable } from '@runtime/contracts/adapter';
import { runtimeStream, storedEvent, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import { afterFailure, breakerFamily, closedBreaker, isOpen, mayHalfOpen, type BreakerStates } from './breaker.ts';
import type { Clock } from '../waiting/clock.ts';
import { Mutex } from '../waiting/mutex.ts';
import { whenThereIsRoom } from '../waiting/disk-room.ts';

export type TargetCheck =
  | { readonly ok: true; readonly runtime: AgentRuntime }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string; readonly retryAt?: number };

const probeTimeoutMs = 20_000;
/**
 * How long a probe's answer is used. An unavailable runtime is probed again sooner: it may just have been installed.
 */
const goodForMs = { available: 60_000, unavailable: 2_000 };

interface Probed {
  readonly report: AgentRuntime | Unavailable;
  readonly at: number;
}

/** What is known of the configured runtimes: probes, cached, and their circuit breakers, in the log. */
export class Runtimes {
  readonly #adapters: ReadonlyMap<string, RuntimeAdapter>;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #probes = new Map<string, Promise<Probed>>();
  readonly #mutex = new Mutex();
  #breakers: BreakerStates = breakerFamily.initial;

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

  async probe(id: string, refresh = false): Promise<AgentRuntime | Unavailable> {
    const adapter = this.#adapters.get(id);
    if (!adapter) return { status: 'unavailable', id, code: 'NOT_FOUND', reason: 'This runtime is not configured' };
    const known = this.#probes.get(id);
    if (known && !refresh) {
      const { report, at } = await known;
      if (this.#clock() - at < goodForMs[report.status]) return report;
    }
    const fresh = this.#ask(adapter);
    this.#probes.set(id, fresh);
    return (await fresh).report;
  }

  async #ask(adapter: RuntimeAdapter): Promise<Probed> {
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(probeTimeoutMs), this.#closing]);
      return { report: await abortable(adapter.probe({ signal }), signal), at: this.#clock() };
    } catch (thrown) {
      // The contract says that probe never throws: an adapter whose probe does is unavailable.
      const error = AgentRuntimeError.from(thrown);
      return {
        report: { status: 'unavailable', id: adapter.id, code: error.code, reason: error.rawMessage },
        at: this.#clock(),
      };
    }
  }

  /** Whether a run may begin on this target now. */
  async check(target: Target, spec: TaskSpec): Promise<TargetCheck> {
    const state = this.#breakers[target.runtime];
    if (isOpen(state, this.#clock())) {
      return {
        ok: false,
        code: 'UNAVAILABLE',
        reason: 'The circuit breaker is open: the last starts failed',
        retryAt: state?.until ?? 0,
      };
    }
    const found = await this.probe(target.runtime);
    if (found.status === 'unavailable') return { ok: false, code: found.code, reason: found.reason };
    const unmet = unmetNeeds(spec.needs, found.capabilities);
    if (unmet.length > 0)
      return { ok: false, code: 'UNSUPPORTED', reason: `The runtime lacks what the task needs: ${unmet.join(', ')}` };
    if ((target.model !== undefined || target.thinking !== undefined) && !found.capabilities.models) {
      return { ok: false, code: 'UNSUPPORTED', reason: 'No model can be chosen on this runtime' };
    }
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
      isAdmitted = !isOpen(this.#breakers[id], now);
      return mayHalfOpen(this.#breakers[id], now) ? [{ type: 'breaker.halfOpened' }] : [];
    });
    return isAdmitted;
  }

  async startFailed(id: string, runId: string, code: ErrorCode): Promise<void> {
    await this.#record(id, () => [{ type: 'start.failed', runId, code }]);
    await this.#record(id, (now) => {
      const opened = afterFailure(this.#breakers[id] ?? closedBreaker, now);
      return opened ? [opened] : [];
    });
  }

  async startSucceeded(id: string, runId: string): Promise<void> {
    const state = this.#breakers[id];
    // Without failures there is nothing to reset, and the start itself is in the task's stream already.
    if (!state || (state.failures === 0 && state.status === 'closed')) return;
    await this.#record(id, () => [
      { type: 'start.succeeded', runId },
      ...(state.status === 'closed' ? [] : [{ type: 'breaker.closed' as const }]),
    ]);
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
