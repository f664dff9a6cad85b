/**
 * Stores of artifacts: contents by their digests, in files or in memory. What names them, for which task and by which
 * run, are events of the log. Files of a directory become contents, and contents files.
 *
 * @packageDocumentation
 */
export { collectGarbage } from './collect-garbage.ts';
export type { Collected, CollectOptions } from './collect-garbage.ts';
export { exportFiles } from './files/export-files.ts';
export type { ExportedFile } from './files/export-files.ts';
export { importFiles } from './files/import-files.ts';
export type { Imported, ImportedFile, ImportOptions, RefusedFile } from './files/import-files.ts';
export { mediaTypeOf } from './files/media-type.ts';
export { memoryArtifactStore } from './memory-store.ts';
export { openArtifactStore } from './open-artifact-store.ts';
export type { ArtifactStoreOptions } from './open-artifact-store.ts';
export { verifyArtifacts } from './verify-artifacts.ts';
export type { VerifiedContent } from './verify-artifacts.ts';
