import type { RuntimeCapabilities } from '@runtime/contracts';
import type { Recovery, RuntimeAdapter, RuntimeSession, SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import type { AdapterHarness } from '../../src/adapter/index.ts';

/** Its methods as plain functions: an adapter and a session need no `this`. */
type Functions<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (this: void, ...args: A) => R : T[K];
};

/** In which points an adapter is made to differ from the honest one. */
export interface Twist {
  readonly adapter?: (honest: Functions<RuntimeAdapter>) => Partial<RuntimeAdapter>;
  readonly session?: (honest: Functions<RuntimeSession>) => Partial<RuntimeSession>;
  readonly events?: (events: readonly SessionEvent[]) => readonly SessionEvent[];
  readonly batches?: (batches: AsyncIterable<SourceBatch>, after: string | undefined) => AsyncIterable<SourceBatch>;
  /** Declared, whatever is true. */
  readonly claims?: Partial<RuntimeCapabilities>;
  readonly harness?: Partial<AdapterHarness>;
}

/** The harness with an adapter that lies. */
export function twisted(honest: AdapterHarness, twist: Twist): AdapterHarness {
  return {
    ...honest,
    make: async (context) => {
      const setup = await honest.make(context);
      return { ...setup, adapter: twistAdapter(setup.adapter, twist) };
    },
    ...twist.harness,
  };
}

function twistAdapter(honest: RuntimeAdapter, twist: Twist): RuntimeAdapter {
  const base: RuntimeAdapter = {
    ...honest,
    async probe(options) {
      const found = await honest.probe(options);
      if (found.status !== 'available') return found;
      return { ...found, capabilities: { ...found.capabilities, ...twist.claims } };
    },
    start: async (launch, options) => twistSession(await honest.start(launch, options), twist),
    async recover(handle, options): Promise<Recovery> {
      const found = await honest.recover(handle, options);
      return 'session' in found ? { ...found, session: twistSession(found.session, twist) } : found;
    },
  };
  return { ...base, ...twist.adapter?.(base) };
}

function twistSession(honest: RuntimeSession, twist: Twist): RuntimeSession {
  const session: RuntimeSession = {
    ...honest,
    capabilities: { ...honest.capabilities, ...twist.claims },
    async *events(options) {
      const source = honest.events(options);
      const batches = twist.batches?.(source, options?.after) ?? source;
      for await (const batch of batches) yield { ...batch, events: twist.events?.(batch.events) ?? batch.events };
    },
  };
  return { ...session, ...twist.session?.(honest) };
}
