/**
 * The suite that every event log must pass, and a file system in memory that fails on demand, for logs in files.
 *
 * @packageDocumentation
 */
import { describe } from 'vitest';
import { appendCases } from './append-cases.ts';
import { cursorCases } from './cursor-cases.ts';
import { failureCases, fenceCases } from './failure-cases.ts';
import { closeCases, reopenCases } from './life-cases.ts';
import { readCases } from './read-cases.ts';
import { removeCases, reopenRemovedCases } from './remove-cases.ts';
import { snapshotCases } from './snapshot-cases.ts';
import { Verifier, type MakeEventLogSubject } from './suite.ts';

export { crashImage } from './crash-image.ts';
export type { CrashOptions } from './crash-image.ts';
export { opening } from './fault-file-system.ts';
export { FaultFs } from './fault-fs.ts';
export type { DiskImage, DiskOperation, Fault, FaultFile, FaultFileSystem } from './fault-file-system.ts';
export { eventLogRequirements } from './requirements.ts';
export type { EventLogRequirement } from './requirements.ts';
export { collect, errorOf } from './suite.ts';
export type { EventLogSubject, MakeEventLogSubject } from './suite.ts';

/** What the log under test can do. */
export interface EventLogConformanceOptions {
  /** The log can be opened again after it was closed, and still has its events. @default true */
  readonly persistent?: boolean;
  /** The log can have another writer, which takes over from this one: the subject has `takeOver`. @default false */
  readonly fenced?: boolean;
}

/** Registers the whole suite with vitest under this name: a test per requirement. `make` is called once per test. */
export function eventLogConformance(
  name: string,
  make: MakeEventLogSubject,
  options: EventLogConformanceOptions = {},
): void {
  const { persistent = true, fenced = false } = options;
  describe(`event log conformance: ${name}`, () => {
    const verifier = new Verifier(make, { persistent, fenced });
    appendCases(verifier);
    readCases(verifier);
    cursorCases(verifier);
    snapshotCases(verifier);
    closeCases(verifier);
    failureCases(verifier);
    removeCases(verifier);
    if (persistent) reopenCases(verifier);
    if (persistent) reopenRemovedCases(verifier);
    if (fenced) fenceCases(verifier);
  });
}
