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
  const make = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'event-log-'));
    return {
      open: () => openEventLog({ dir, ...options }),
      takeOver: () => openEventLog({ dir, ...options, lock: noLock() }),
      dispose: () => rm(dir, { recursive: true }),
    };
  };
  eventLogConformance(name, make, { fenced: true });
}

inFiles('in files', {});
inFiles('in files, small segments, nothing written ahead', { segmentBytes: 2048, preallocateBytes: 0 });

const onFaultFs = async () => {
  const fs = new FaultFs();
  const open = () => openEventLog({ dir: '/log', fs, lock: noLock() });
  return { open, takeOver: open, dispose: async () => undefined };
};
eventLogConformance('on the fault-injecting file system, without faults', onFaultFs, { fenced: true });
