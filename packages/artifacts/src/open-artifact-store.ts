import { AgentRuntimeError } from '@runtime/contracts';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import { FileStore } from './file-store.ts';
import { storeFailure } from './fs/failures.ts';
import { ifThere, listIfThere, readFully, writeFully } from './fs/files.ts';
import { nodeFs } from './fs/node-fs.ts';
import type { StoreFs } from './fs/store-fs.ts';
import { Paths } from './format/paths.ts';

const formatVersion = 1;
const formatText = `runtime-artifacts ${formatVersion}\n`;

/** How a store in files is opened. */
export interface ArtifactStoreOptions {
  /** Its directory, in one that is there; made (0700) when missing. Its format is in `FORMAT.md`. */
  readonly dir: string;
  /**
   * Opens a store beside the process that writes it, and sees what that stores. `put` and `remove` throw UNSUPPORTED.
   * @default false
   */
  readonly readOnly?: boolean;
  /** For tests. @default the file system of this machine */
  readonly fs?: StoreFs;
}

/**
 * Opens a store in files. One process at a time opens it for writing, which is for the caller to ensure, as the control
 * plane does by the lock of its data directory. Throws NOT_FOUND for a store that is opened for reading and is not
 * there; UNSUPPORTED for one of a newer format; DATA_CORRUPT for a damaged FORMAT file; PERMISSION_DENIED; EXHAUSTED;
 * UNAVAILABLE.
 */
export async function openArtifactStore(options: ArtifactStoreOptions): Promise<ArtifactStore> {
  const { dir, readOnly = false, fs = nodeFs() } = options;
  const paths = new Paths(dir);
  try {
    if (!(await hasFormat(fs, paths))) {
      if (readOnly) throw new AgentRuntimeError('NOT_FOUND', `there are no artifacts in ${dir}`);
      await make(fs, paths);
    }
    if (!readOnly) await clean(fs, paths);
    const store = new FileStore(fs, paths, readOnly);
    await store.load();
    return store;
  } catch (error) {
    throw storeFailure(error, `open the artifacts in ${dir}`);
  }
}

/** Throws for a store that this version cannot read. */
async function hasFormat(fs: StoreFs, paths: Paths): Promise<boolean> {
  const file = await ifThere(fs.open(paths.format, 'read'));
  if (!file) return false;
  try {
    const bytes = Buffer.alloc(64);
    const text = bytes.subarray(0, await readFully(file, bytes, 0)).toString();
    const [, version] = /^runtime-artifacts (\d{1,6})\n$/.exec(text) ?? [];
    if (version === undefined) {
      const hint = `if the files beside it are whole, write into it: ${formatText.trimEnd()}`;
      throw new AgentRuntimeError('DATA_CORRUPT', `${paths.format} is damaged`, { hint });
    }
    if (Number(version) > formatVersion) {
      const message = `the artifacts have format ${version}, and this version reads formats up to ${formatVersion}`;
      throw new AgentRuntimeError('UNSUPPORTED', message, { hint: 'use a newer version of @runtime/artifacts' });
    }
    return true;
  } finally {
    await file.close();
  }
}

/** Makes an empty store. Its FORMAT file comes last: without it, nothing was stored. */
async function make(fs: StoreFs, paths: Paths): Promise<void> {
  for (const dir of [paths.dir, paths.packs, paths.loose, paths.unfinished]) await fs.makeDir(dir);
  const path = paths.unfinishedFile();
  const file = await fs.open(path, 'create');
  try {
    await writeFully(file, Buffer.from(formatText), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(path, paths.format);
  await fs.syncDir(paths.dir);
}

/** Removes what an earlier process did not finish. */
async function clean(fs: StoreFs, paths: Paths): Promise<void> {
  for (const name of await listIfThere(fs, paths.unfinished)) await ifThere(fs.remove(`${paths.unfinished}/${name}`));
}
