import { createHash } from 'node:crypto';
import { AgentRuntimeError } from '@runtime/contracts';
import type { ArtifactStore, ReadContentOptions } from '@runtime/contracts/artifacts';
import { afterAll, expect, test } from 'vitest';
import { artifactStoreRequirements, type ArtifactStoreRequirement } from './requirements.ts';

/** One store under test, empty at first. */
export interface ArtifactStoreSubject {
  /** Opens the store. Called again for a persistent store, after the store before was closed. */
  open(): Promise<ArtifactStore>;
  /** Removes the store's files. The suite has closed every store that it opened. */
  dispose(): Promise<void>;
}

/** Makes a new store for one test. */
export type MakeArtifactStoreSubject = () => Promise<ArtifactStoreSubject>;

type Body = (store: ArtifactStore, subject: ArtifactStoreSubject) => Promise<void>;

/** Registers a test per requirement, and fails when a requirement has none. */
export class Verifier {
  readonly #make: MakeArtifactStoreSubject;
  readonly #missing = new Set(Object.keys(artifactStoreRequirements));

  constructor(make: MakeArtifactStoreSubject, { persistent }: { readonly persistent: boolean }) {
    this.#make = make;
    for (const id of this.#missing) if (!persistent && id.startsWith('reopen.')) this.#missing.delete(id);
    afterAll(() => expect([...this.#missing]).toEqual([]));
  }

  verifies(id: ArtifactStoreRequirement, body: Body): void {
    this.#missing.delete(id);
    test(`${id}: ${artifactStoreRequirements[id][0]}`, async () => {
      const made = await this.#make();
      const opened: ArtifactStore[] = [];
      const open = async () => {
        const store = await made.open();
        opened.push(store);
        return store;
      };
      try {
        await body(await open(), { ...made, open });
      } finally {
        for (const store of opened) await store.close();
        await made.dispose();
      }
    });
  }
}

/** Bytes that no two numbers share, of any length, the same each time. */
export function bytesOf(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The lengths at which stores change what they do. */
export const lengths = [0, 1, 4096, 64 * 1024, 64 * 1024 + 1, 256 * 1024, 3 * 1024 * 1024 + 7] as const;

/** The bytes in chunks of these lengths, over and over. */
export async function* inChunks(bytes: Buffer, ...sizes: readonly number[]): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** All bytes of a read. */
export async function readAll(store: ArtifactStore, sha256: string, options?: ReadContentOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(sha256, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Stores the bytes, and holds them no longer than that. */
export async function putAndLetGo(store: ArtifactStore, bytes: Uint8Array): Promise<string> {
  using held = await store.put(bytes);
  return held.sha256;
}

/** The digests of all contents, sorted. */
export async function digestsIn(store: ArtifactStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { sha256 } of store.contents()) found.push(sha256);
  return found.sort();
}

/** The code of the error that the promise is rejected with; throws when it resolves or rejects with another error. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!AgentRuntimeError.isInstance(error)) throw new Error(`expected an AgentRuntimeError, got ${String(error)}`);
  return error.code;
}
