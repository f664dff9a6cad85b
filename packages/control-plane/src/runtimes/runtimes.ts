import { abortable } from '@runtime/contracts';
import {
  AgentRuntimeError,
  unmetNeeds,
  type ErrorCode,
  type RuntimeReport,
  type Target,
  type TaskSpec,
} from '@runtime/contracts';
import type { AgentRuntime, RuntimeAdapter, Unavailable } from '@runtime/contracts/adapter';
import { runtimeStream, type EventLog, type NewEvent, type StoredEvent } from '@runtime/contracts/log';
import { afterFailure, breakerFamily, closedBreaker, isOpen, mayHalfOpen, type BreakerStates } from './breaker.ts';
import type { Clock } from '../waiting/clock.ts';
import { Mutex } from '../waiting/mutex.ts';
import { whenThereIsRoom } from '../waiting/disk-room.ts';

export type TargetCheck =
  | { readonly ok: true; readonly runtime: AgentRuntime }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string; readonly retryAt?: number };

const probeTimeoutMs = 20_000;
/** An unavailable runtime is asked again sooner: somebody may be installing it. */
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
    if (!adapter) return { status: 'unavailable', id, code: 'NOT_FOUND', reason: 'it is not configured' };
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
      // The contract says that probe never throws; one that does is as good as not there.
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
        reason: 'its last starts failed; the circuit breaker is open',
        retryAt: state?.until ?? 0,
      };
    }
    const found = await this.probe(target.runtime);
    if (found.status === 'unavailable') return { ok: false, code: found.code, reason: found.reason };
    const unmet = unmetNeeds(spec.needs, found.capabilities);
    if (unmet.length > 0)
      return { ok: false, code: 'UNSUPPORTED', reason: `it lacks what the task needs: ${unmet.join(', ')}` };
    if ((target.model !== undefined || target.thinking !== undefined) && !found.capabilities.models) {
      return { ok: false, code: 'UNSUPPORTED', reason: 'no model can be chosen on it' };
    }
    return { ok: true, runtime: found };
  }

  async reports(refresh: boolean): Promise<RuntimeReport[]> {
    const found = await Promise.all([...this.#adapters.keys()].map((id) => this.probe(id, refresh)));
    return found.map((report) => ({ ...report, breaker: this.#breakers[report.id]?.status ?? 'closed' }));
  }

  /** Right before a start: an open breaker whose pause is over lets one through. False: another one was quicker, and decides. */
  async starting(id: string): Promise<boolean> {
    let lets = true;
    await this.#record(id, (now) => {
      lets = !isOpen(this.#breakers[id], now);
      return mayHalfOpen(this.#breakers[id], now) ? [{ type: 'breaker.halfOpened' }] : [];
    });
    return lets;
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
    // Nothing to forget: a start that succeeds as usual is in the task's stream already.
    if (!state || (state.failures === 0 && state.status === 'closed')) return;
    await this.#record(id, () => [
      { type: 'start.succeeded', runId },
      ...(state.status === 'closed' ? [] : [{ type: 'breaker.closed' }]),
    ]);
  }

  #record(id: string, decide: (now: number) => readonly NewEvent[]): Promise<void> {
    return this.#mutex.run(async () => {
      const events = decide(this.#clock());
      if (events.length === 0) return;
      const stream = runtimeStream(id);
      const result = await whenThereIsRoom(() => this.#log.append(stream, events), this.#closing);
      events.forEach((event, index) => {
        const revision = result.revision - events.length + index + 1;
        this.apply({ ...event, stream, position: result.first + index, revision, time: result.time });
      });
    });
  }
}
