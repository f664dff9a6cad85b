import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLogConformance, FaultFs } from '@runtime/conformance/event-log';
import { memoryEventLog, openEventLog, type EventLogOptions } from '../src/index.ts';
import { noLock } from './support/no-lock.ts';

eventLogConformance('in memory', async () => ({ open: async () => memoryEventLog(), dispose: async () => undefined }), {
  persistent: false,
});

function inFiles(name: string, options: Partial<EventLogOptions>): void {
  eventLogConformance(name, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'event-log-'));
    return {
      open: () => openEventLog({ dir, ...options }),
      dispose: () => rm(dir, { recursive: true }),
    };
  });
}

inFiles('in files', {});
inFiles('in files, small segments, nothing written ahead', { segmentBytes: 2048, preallocateBytes: 0 });

eventLogConformance('on the fault-injecting file system, without faults', async () => {
  const fs = new FaultFs();
  return { open: () => openEventLog({ dir: '/log', fs, lock: noLock() }), dispose: async () => undefined };
});
