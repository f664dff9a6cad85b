/**
 * The suite that every artifact store must pass.
 *
 * @packageDocumentation
 */
import { describe } from 'vitest';
import { closeCases, removeCases, reopenCases } from './life-cases.ts';
import { putCases } from './put-cases.ts';
import { readCases } from './read-cases.ts';
import { Verifier, type MakeArtifactStoreSubject } from './suite.ts';

export { artifactStoreRequirements } from './requirements.ts';
export type { ArtifactStoreRequirement } from './requirements.ts';
export { bytesOf, codeOf, digestsIn, putAndLetGo, readAll, sha256Of } from './suite.ts';
export type { ArtifactStoreSubject, MakeArtifactStoreSubject } from './suite.ts';

/** What the store under test can do. */
export interface ArtifactStoreConformanceOptions {
  /** The store can be opened again after it was closed, and still has its contents. @default true */
  readonly persistent?: boolean;
}

/** Registers the whole suite with vitest under this name: a test per requirement. `make` is called once per test. */
export function artifactStoreConformance(
  name: string,
  make: MakeArtifactStoreSubject,
  options: ArtifactStoreConformanceOptions = {},
): void {
  const { persistent = true } = options;
  describe(`artifact store conformance: ${name}`, () => {
    const verifier = new Verifier(make, { persistent });
    putCases(verifier);
    readCases(verifier);
    removeCases(verifier);
    closeCases(verifier);
    if (persistent) reopenCases(verifier);
  });
}
