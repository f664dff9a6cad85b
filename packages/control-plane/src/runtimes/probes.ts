import { createHash } from 'node:crypto';
import { abortable, AgentRuntimeError, type ErrorCode } from '@runtime/contracts';
import type { AgentRuntime, ProbeOptions, Unavailable } from '@runtime/contracts/adapter';
import { sleep, type Clock } from '../waiting/clock.ts';
import { runtimeKey, type Adapters, type RuntimeSource } from './adapters.ts';
import { RecentMap } from './recent-map.ts';

export type Found = AgentRuntime | Unavailable;

export interface ProbeTuning {
  /** How long the first probe may take, in ms; the second gets twice, the third three times as long. */
  readonly timeoutMs: number;
  /** A runtime that was found before is used again when it does not answer within this time, in ms. */
  readonly patienceMs: number;
}

const defaults: ProbeTuning = { timeoutMs: 20_000, patienceMs: 2_000 };
const tries = 3;
/**
 * How long a probe's answer is used. An unavailable runtime is probed again sooner: it may just have been installed.
 */
const goodForMs = { available: 60_000, unavailable: 2_000 };
/** How long a runtime that was found is used although it does not answer any more. */
const staleForMs = 600_000;

/** With these codes a probe says that the machine did not answer, not that the runtime is not there. */
const unsure: ReadonlySet<ErrorCode> = new Set(['DEADLINE_EXCEEDED', 'EXHAUSTED', 'OUTCOME_UNKNOWN']);
const isUnsure = (found: Found): found is Unavailable => found.status === 'unavailable' && unsure.has(found.code);

/** Where and how freshly a runtime is looked for. */
export interface Looking {
  /** Asks again, instead of giving the last answer. @default false */
  readonly refresh?: boolean;
  /** @default the environment of the plane */
  readonly environment?: ProbeOptions['environment'] | undefined;
}

/** Answers that are kept: one for each runtime and environment. */
const maxKnown = 256;

interface Known {
  readonly found: Found;
  /** When it was found. */
  readonly at: number;
  /** When it is asked for again. */
  readonly until: number;
}

/**
 * What the probes of runtimes found, for each environment. One that did not answer is asked again before it is believed.
 */
export class Probes {
  readonly #adapters: Adapters;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #tuning: ProbeTuning;
  readonly #known = new RecentMap<Known>(maxKnown);
  readonly #asking = new Map<string, Promise<Found>>();

  constructor(adapters: Adapters, clock: Clock, closing: AbortSignal, tuning: ProbeTuning = defaults) {
    this.#adapters = adapters;
    this.#clock = clock;
    this.#closing = closing;
    this.#tuning = tuning;
  }

  /** What is known of a runtime, asked for where that is old; `refresh` always asks. */
  async get(source: RuntimeSource, looking: Looking = {}): Promise<Found> {
    const key = `${runtimeKey(source)} ${environmentKey(looking.environment)}`;
    const known = this.#known.get(key);
    const { refresh = false } = looking;
    if (known && !refresh && this.#clock() < known.until) return known.found;
    const asking = this.#ask(key, source, looking);
    if (refresh || known?.found.status !== 'available' || this.#isStale(known)) return asking;
    const patience = new AbortController();
    const slow = sleep(this.#tuning.patienceMs, patience.signal).then(() => known.found);
    const found = await Promise.race([asking, slow]);
    patience.abort();
    return isUnsure(found) ? known.found : found;
  }

  #isStale({ at }: Known): boolean {
    return this.#clock() - at >= staleForMs;
  }

  /** One question at a time for each runtime, unless its answer has to be fresh. */
  #ask(key: string, source: RuntimeSource, { refresh = false, environment }: Looking): Promise<Found> {
    const underWay = this.#asking.get(key);
    if (underWay && !refresh) return underWay;
    const asking = this.#askUntilSure(source, environment).then((found) => {
      if (this.#asking.get(key) === asking) this.#asking.delete(key);
      this.#keep(key, found);
      return found;
    });
    this.#asking.set(key, asking);
    return asking;
  }

  #keep(key: string, found: Found): void {
    const now = this.#clock();
    const known = this.#known.get(key);
    const isKept = isUnsure(found) && known?.found.status === 'available' && !this.#isStale(known);
    this.#known.set(key, isKept ? { ...known, until: now + goodForMs.unavailable } : fresh(found, now));
  }

  async #askUntilSure(source: RuntimeSource, environment: Looking['environment']): Promise<Found> {
    const limits: number[] = [];
    for (;;) {
      const limitMs = this.#tuning.timeoutMs * (limits.length + 1);
      limits.push(limitMs);
      const found = await this.#askOnce(source, environment, limitMs);
      if (!isUnsure(found) || this.#closing.aborted) return found;
      if (limits.length === tries) return unanswered(found, limits);
    }
  }

  async #askOnce(source: RuntimeSource, environment: Looking['environment'], limitMs: number): Promise<Found> {
    const limit = AbortSignal.timeout(limitMs);
    const signal = AbortSignal.any([limit, this.#closing]);
    const { id } = source;
    try {
      const adapter = await this.#adapters.find(source);
      return await abortable(adapter.probe({ signal, ...(environment ? { environment } : {}) }), signal);
    } catch (thrown) {
      if (limit.aborted) return { status: 'unavailable', id, code: 'DEADLINE_EXCEEDED', reason: 'no answer' };
      // There is no such adapter, or its probe throws although the contract says that it never does.
      const error = AgentRuntimeError.from(thrown);
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      return { status: 'unavailable', id, code: error.code, reason: error.rawMessage, ...hint };
    }
  }
}

const fresh = (found: Found, now: number): Known => ({ found, at: now, until: now + goodForMs[found.status] });

function unanswered(found: Unavailable, limits: readonly number[]): Unavailable {
  const times = limits.map((ms) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`));
  const allowed = `${times.slice(0, -1).join(', ')} and ${times.at(-1)}`;
  const reason = `It did not answer. It was asked ${limits.length} times, for up to ${allowed}; at last: ${found.reason}`;
  const hint = 'the machine may be under load: run it by hand and look, then submit the task again';
  return { ...found, reason, hint: found.hint ?? hint };
}

/** Tells environments apart without keeping their values. */
function environmentKey(environment: Looking['environment']): string {
  if (!environment) return '';
  const entries = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}
