import { memoryRuntime, type MemoryRuntimeOptions } from '@runtime/conformance/memory-runtime';
import type { ControlPlane } from '@runtime/contracts';
import type { Recovery, RuntimeAdapter, RuntimeSession, SourceBatch } from '@runtime/contracts/adapter';
import type { StoredEvent } from '@runtime/contracts/log';
import { expect } from 'vitest';

/** The runtime in memory, with what a hostile one would do instead. */
export function hostile(
  options: MemoryRuntimeOptions,
  over: {
    readonly session?: (session: RuntimeSession) => Partial<RuntimeSession>;
    readonly adapter?: (inner: RuntimeAdapter) => Partial<RuntimeAdapter>;
  },
): RuntimeAdapter {
  const inner = memoryRuntime(options);
  const wrap = (session: RuntimeSession): RuntimeSession => ({ ...session, ...over.session?.(session) });
  const adapter: RuntimeAdapter = {
    ...inner,
    start: async (launch, call) => wrap(await inner.start(launch, call)),
    recover: async (handle, call): Promise<Recovery> => {
      const found = await inner.recover(handle, call);
      return 'session' in found ? { ...found, session: wrap(found.session) } : found;
    },
  };
  return { ...adapter, ...over.adapter?.(adapter) };
}

export function never<T>(called: () => void = () => undefined): Promise<T> {
  called();
  return new Promise<T>(() => undefined);
}

export async function* silent(called: () => void): AsyncGenerator<SourceBatch> {
  yield await never<SourceBatch>(called);
}

export async function seen(plane: ControlPlane, id: string, type: string): Promise<StoredEvent> {
  for await (const event of plane.task(id).events()) if (event.type === type) return event;
  throw new Error(`no ${type}`);
}

export function expectFinal(events: readonly StoredEvent[]): void {
  const levels = new Map<string, string>();
  const approvals = new Set<string>();
  for (const event of events) {
    if (event.type === 'task.submitted') levels.set(String(event['instructionId']), 'queued');
    if (event.type.startsWith('instruction.')) levels.set(String(event['instructionId']), event.type.slice(12));
    if (event.type === 'approval.requested') approvals.add(String(event['approvalId']));
    if (event.type === 'approval.resolved') approvals.delete(String(event['approvalId']));
  }
  expect([...levels.values()].filter((level) => ['queued', 'sending', 'accepted'].includes(level))).toEqual([]);
  expect([...approvals]).toEqual([]);
}
