import { abortable, AgentRuntimeError, type ErrorCode } from '@runtime/contracts';
import type { AgentRuntime, RuntimeAdapter, Unavailable } from '@runtime/contracts/adapter';
import { sleep, type Clock } from '../waiting/clock.ts';

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

interface Known {
  readonly found: Found;
  /** When it was found. */
  readonly at: number;
  /** When it is asked for again. */
  readonly until: number;
}

/** What the probes of the configured runtimes found. One that did not answer is asked again before it is believed. */
export class Probes {
  readonly #adapters: ReadonlyMap<string, RuntimeAdapter>;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #tuning: ProbeTuning;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Found>>();

  constructor(
    adapters: ReadonlyMap<string, RuntimeAdapter>,
    clock: Clock,
    closing: AbortSignal,
    tuning: ProbeTuning = defaults,
  ) {
    this.#adapters = adapters;
    this.#clock = clock;
    this.#closing = closing;
    this.#tuning = tuning;
  }

  /** What is known of a runtime, asked for where that is old; `refresh` always asks. */
  async get(id: string, refresh = false): Promise<Found> {
    const adapter = this.#adapters.get(id);
    if (!adapter) return { status: 'unavailable', id, code: 'NOT_FOUND', reason: 'This runtime is not configured' };
    const known = this.#known.get(id);
    if (known && !refresh && this.#clock() < known.until) return known.found;
    const asking = this.#ask(adapter, refresh);
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
  #ask(adapter: RuntimeAdapter, refresh: boolean): Promise<Found> {
    const { id } = adapter;
    const underWay = this.#asking.get(id);
    if (underWay && !refresh) return underWay;
    const asking = this.#askUntilSure(adapter).then((found) => {
      if (this.#asking.get(id) === asking) this.#asking.delete(id);
      this.#keep(id, found);
      return found;
    });
    this.#asking.set(id, asking);
    return asking;
  }

  #keep(id: string, found: Found): void {
    const now = this.#clock();
    const known = this.#known.get(id);
    const isKept = isUnsure(found) && known?.found.status === 'available' && !this.#isStale(known);
    this.#known.set(id, isKept ? { ...known, until: now + goodForMs.unavailable } : fresh(found, now));
  }

  async #askUntilSure(adapter: RuntimeAdapter): Promise<Found> {
    const limits: number[] = [];
    for (;;) {
      const limitMs = this.#tuning.timeoutMs * (limits.length + 1);
      limits.push(limitMs);
      const found = await this.#askOnce(adapter, limitMs);
      if (!isUnsure(found) || this.#closing.aborted) return found;
      if (limits.length === tries) return unanswered(found, limits);
    }
  }

  async #askOnce(adapter: RuntimeAdapter, limitMs: number): Promise<Found> {
    const limit = AbortSignal.timeout(limitMs);
    const signal = AbortSignal.any([limit, this.#closing]);
    const { id } = adapter;
    try {
      return await abortable(adapter.probe({ signal }), signal);
    } catch (thrown) {
      if (limit.aborted) return { status: 'unavailable', id, code: 'DEADLINE_EXCEEDED', reason: 'no answer' };
      // The contract says that probe never throws: an adapter whose probe does is unavailable.
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
