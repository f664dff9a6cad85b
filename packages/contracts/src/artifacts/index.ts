/**
 * For authors and users of artifact stores: the port through which contents are stored and read.
 *
 * @packageDocumentation
 */
export type {
  ArtifactStore,
  Content,
  ContentSource,
  HeldContent,
  PutOptions,
  ReadContentOptions,
  RemoveOptions,
} from './artifact-store.ts';
