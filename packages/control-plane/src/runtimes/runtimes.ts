import { createHash } from 'node:crypto';
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
import type { AgentRuntime, Unavailable } from '@runtime/contracts/adapter';
import { runtimeStream, storedEvent, type EventLog, type StoredEvent } from '@runtime/contracts/log';
import { runtimeKey, sourceOf, type Adapters, type RuntimeSource } from './adapters.ts';
import { RecentMap } from './recent-map.ts';
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

const maxProbes = 256;

/** Where and how freshly a runtime is looked for. */
export interface Looking {
  /** Asks again, instead of giving the last answer. @default false */
  readonly refresh?: boolean;
  /** @default the environment of the plane */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

interface Probed {
  readonly report: AgentRuntime | Unavailable;
  readonly at: number;
}

/**
 * What is known of runtimes: probes, cached for each environment, and circuit breakers, in the log. A breaker is named by
 * `runtimeKey`: what fails in one project says nothing of another that has the same name.
 */
export class Runtimes {
  readonly #adapters: Adapters;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #probes = new RecentMap<Promise<Probed>>(maxProbes);
  readonly #mutex = new Mutex();
  #breakers: BreakerStates = breakerFamily.initial;

  constructor(adapters: Adapters, log: EventLog, clock: Clock, closing: AbortSignal = new AbortController().signal) {
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

  async probe(
    source: RuntimeSource,
    { refresh = false, environment }: Looking = {},
  ): Promise<AgentRuntime | Unavailable> {
    const key = `${runtimeKey(source)} ${environmentKey(environment)}`;
    const known = this.#probes.get(key);
    if (known && !refresh) {
      const { report, at } = await known;
      if (this.#clock() - at < goodForMs[report.status]) return report;
    }
    const fresh = this.#ask(source, environment);
    this.#probes.set(key, fresh);
    return (await fresh).report;
  }

  async #ask(source: RuntimeSource, environment: Looking['environment']): Promise<Probed> {
    try {
      const adapter = await this.#adapters.find(source);
      const signal = AbortSignal.any([AbortSignal.timeout(probeTimeoutMs), this.#closing]);
      const options = { signal, ...(environment ? { environment } : {}) };
      return { report: await abortable(adapter.probe(options), signal), at: this.#clock() };
    } catch (thrown) {
      // There is no such adapter, or its probe throws although the contract says that it never does.
      const error = AgentRuntimeError.from(thrown);
      return {
        report: {
          status: 'unavailable',
          id: source.id,
          code: error.code,
          reason: error.rawMessage,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
        },
        at: this.#clock(),
      };
    }
  }

  /** Whether a run may begin on this target now. */
  async check(target: Target, spec: TaskSpec, environment?: Looking['environment']): Promise<TargetCheck> {
    const source = sourceOf(spec, target.runtime);
    const state = this.#breakers[runtimeKey(source)];
    if (isOpen(state, this.#clock())) {
      return {
        ok: false,
        code: 'UNAVAILABLE',
        reason: 'The circuit breaker is open: the last starts failed',
        retryAt: state?.until ?? 0,
      };
    }
    const found = await this.probe(source, { environment });
    if (found.status === 'unavailable') return { ok: false, code: found.code, reason: found.reason };
    const unmet = unmetNeeds(spec.needs, found.capabilities);
    if (unmet.length > 0)
      return { ok: false, code: 'UNSUPPORTED', reason: `The runtime lacks what the task needs: ${unmet.join(', ')}` };
    if ((target.model !== undefined || target.thinking !== undefined) && !found.capabilities.models) {
      return { ok: false, code: 'UNSUPPORTED', reason: 'No model can be chosen on this runtime' };
    }
    return { ok: true, runtime: found };
  }

  async report(source: RuntimeSource, looking: Looking = {}): Promise<RuntimeReport> {
    const found = await this.probe(source, looking);
    return { ...found, breaker: this.#breakers[runtimeKey(source)]?.status ?? 'closed' };
  }

  /**
   * Asked right before a start: a breaker whose pause is over admits one trial. False while an earlier trial is
   * undecided.
   */
  async admitsStart(key: string): Promise<boolean> {
    let isAdmitted = true;
    await this.#record(key, (now) => {
      isAdmitted = !isOpen(this.#breakers[key], now);
      return mayHalfOpen(this.#breakers[key], now) ? [{ type: 'breaker.halfOpened' }] : [];
    });
    return isAdmitted;
  }

  async startFailed(key: string, runId: string, code: ErrorCode): Promise<void> {
    await this.#record(key, () => [{ type: 'start.failed', runId, code }]);
    await this.#record(key, (now) => {
      const opened = afterFailure(this.#breakers[key] ?? closedBreaker, now);
      return opened ? [opened] : [];
    });
  }

  async startSucceeded(key: string, runId: string): Promise<void> {
    const state = this.#breakers[key];
    // Without failures there is nothing to reset, and the start itself is in the task's stream already.
    if (!state || (state.failures === 0 && state.status === 'closed')) return;
    await this.#record(key, () => [
      { type: 'start.succeeded', runId },
      ...(state.status === 'closed' ? [] : [{ type: 'breaker.closed' as const }]),
    ]);
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

/** Tells environments apart without keeping their values. */
function environmentKey(environment: Looking['environment']): string {
  if (!environment) return '';
  const entries = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}
