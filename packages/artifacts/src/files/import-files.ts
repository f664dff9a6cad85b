import { FsSafeError } from '@openclaw/fs-safe/errors';
import { root as openRoot, type Root } from '@openclaw/fs-safe/root';
import {
  AgentRuntimeError,
  artifactNameSchema,
  systemCode,
  throwIfAborted,
  type CallOptions,
  type RefusalReason,
} from '@runtime/contracts';
import type { ArtifactStore, HeldContent } from '@runtime/contracts/artifacts';
import { storeFailure } from '../fs/failures.ts';
import { Turns } from '../turns.ts';
import { mediaTypeOf } from './media-type.ts';
import { basesOf, parsePatterns, type Pattern } from './patterns.ts';
import { readWhole } from './read-whole.ts';

/** So many files are read at once. */
const atOnce = 64;
/** So many names are looked at, in all directories together. */
const maxEntries = 200_000;
/** No fault of a file or a directory. */
const ofTheMachine: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO']);
/** Nobody makes these to be kept; a pattern that names one of them looks into it. */
const unwanted: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/** What is imported. */
export interface ImportOptions extends CallOptions {
  /** The directory: of what is outside of it, nothing is read. */
  readonly dir: string;
  /** Globs relative to it, as `dist/*.js` and `reports/**`; a plain name is a file. @default none */
  readonly patterns?: readonly string[];
  /** Files by their names relative to it, to which no character is special. @default none */
  readonly names?: readonly string[];
  /** @default 1000 */
  readonly maxFiles?: number;
  /** Of one file. @default 1 GiB */
  readonly maxBytes?: number;
}

/** A file that was stored. */
export interface ImportedFile {
  /** Relative to the directory. */
  readonly name: string;
  readonly mediaType: string;
  readonly content: HeldContent;
}

/** A file that a pattern matched, and that was not stored. */
export interface RefusedFile {
  readonly name: string;
  readonly reason: RefusalReason;
  readonly message: string;
}

/** What became of the files that the patterns match, by name. */
export interface Imported {
  readonly files: readonly ImportedFile[];
  readonly refused: readonly RefusedFile[];
  /** The patterns that matched nothing that could be stored. */
  readonly unmatched: readonly string[];
}

interface Found {
  readonly name: string;
  /** Why it is not read. */
  readonly refusal?: Omit<RefusedFile, 'name'>;
}

/**
 * Stores the files of a directory that the patterns match. A file that cannot be stored is refused and stops nobody;
 * nothing that is no regular file of this directory is opened or waited for. Throws INVALID_ARGUMENT for a pattern that
 * leaves the directory, NOT_FOUND without the directory, and what `put` throws. Where it rejects, nothing is held.
 */
export async function importFiles(store: ArtifactStore, options: ImportOptions): Promise<Imported> {
  const { dir, names = [], maxFiles = 1000, maxBytes = 1024 ** 3, signal } = options;
  const patterns = parsePatterns(options.patterns ?? []);
  const root = await rootOf(dir);
  const found = await find(root, { patterns, names }, maxFiles, signal);
  const turns = new Turns(atOnce);
  const results = await Promise.allSettled(
    found.map(({ name, refusal }): Promise<ImportedFile | RefusedFile | undefined> => {
      if (refusal) return Promise.resolve({ name, ...refusal });
      return turns.run(() => importFile(store, root, name, { maxBytes, ...(signal ? { signal } : {}) }));
    }),
  );
  const done = results.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []));
  const files = done.filter((each): each is ImportedFile => 'content' in each);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    for (const { content } of files) content[Symbol.dispose]();
    throw failed.reason;
  }
  const refused = done.filter((each): each is RefusedFile => 'reason' in each);
  const unmatched = patterns.filter((pattern) => !files.some(({ name }) => pattern.matches(name)));
  return { files, refused, unmatched: unmatched.map(({ text }) => text) };
}

async function rootOf(dir: string): Promise<Root> {
  try {
    return await openRoot(dir, { symlinks: 'reject', hardlinks: 'reject' });
  } catch (cause) {
    if (!(cause instanceof FsSafeError)) throw cause;
    throw new AgentRuntimeError('NOT_FOUND', `there is no directory ${dir}`, { cause });
  }
}

/** The names that are given and those that the patterns match, sorted, each once. */
async function find(
  root: Root,
  { patterns, names }: { readonly patterns: readonly Pattern[]; readonly names: readonly string[] },
  maxFiles: number,
  signal: AbortSignal | undefined,
): Promise<Found[]> {
  const found = new Map<string, Found>(names.map((name) => [name, { name }]));
  for (const { base, isGlob } of patterns) if (!isGlob) found.set(base, { name: base });
  let left = maxEntries;
  for (const base of basesOf(patterns)) {
    const inBase = base.split('/');
    const walk = root.walk(base === '' ? '.' : base, {
      symlinkPolicy: 'include',
      maxEntries: left,
      onDirectoryError: 'skip-and-report',
      entryFilter: ({ kind, relativePath }) => {
        const last = relativePath.split('/').at(-1) ?? '';
        return kind === 'directory' && unwanted.has(last) && !inBase.includes(last) ? 'skip-subtree' : 'include';
      },
      ...(signal ? { signal } : {}),
    });
    try {
      for await (const entry of walk) {
        left -= 1;
        const { kind, relativePath } = entry;
        if (kind === 'truncated') throw tooMany(maxEntries);
        if (kind === 'directory') continue;
        const isWhole = base === '' || relativePath === base || relativePath.startsWith(`${base}/`);
        const name = isWhole ? relativePath : `${base}/${relativePath}`;
        if (kind === 'directory-error') {
          if (!isNotThere(entry.error)) found.set(name, unsearched(name, entry.error));
        } else if (patterns.some((pattern) => pattern.matches(name))) found.set(name, foundAs(name, kind));
      }
    } catch (error) {
      throwIfAborted(signal);
      if (!isNotThere(error)) throw storeFailure(error, 'look for files');
    }
  }
  return checked(
    [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    maxFiles,
  );
}

/** There is no such directory: a pattern may well name one that was never made. */
const isNotThere = (error: unknown): boolean =>
  error instanceof FsSafeError ? ['not-found', 'not-file'].includes(error.code) : systemCode(error) === 'ENOENT';

/**
 * A directory that nobody may look into is named. Throws where the failure says nothing about the directory: without a
 * file descriptor, all that is in it would be missing.
 */
function unsearched(name: string, error: unknown): Found {
  if (ofTheMachine.has(systemCode(error) ?? '')) throw error;
  const message = `it cannot be looked into: ${error instanceof Error ? error.message : String(error)}`;
  return { name, refusal: { reason: 'unreadable', message } };
}

function foundAs(name: string, kind: 'file' | 'symlink' | 'other'): Found {
  if (kind === 'file') return { name };
  const refusal =
    kind === 'symlink'
      ? ({ reason: 'link', message: 'it is a symbolic link' } as const)
      : ({ reason: 'no_file', message: 'it is no regular file' } as const);
  return { name, refusal };
}

/** Refuses names that cannot stand beside each other, and those beyond the number. */
function checked(found: readonly Found[], maxFiles: number): Found[] {
  const plain = new Map<string, string>();
  let files = 0;
  return found.map(({ name, refusal }) => {
    if (refusal) return { name, refusal };
    const problem = artifactNameSchema.safeParse(name).error?.issues[0]?.message;
    if (problem !== undefined) return { name, refusal: { reason: 'name', message: problem } };
    const key = name.normalize('NFC').toLowerCase();
    const same = plain.get(key);
    if (same !== undefined) {
      const message = `${JSON.stringify(same)} differs from it in case or Unicode form only`;
      return { name, refusal: { reason: 'same_name', message } };
    }
    plain.set(key, name);
    files += 1;
    if (files > maxFiles)
      return { name, refusal: { reason: 'too_many', message: `more than ${maxFiles} files match` } };
    return { name };
  });
}

const tooMany = (entries: number): AgentRuntimeError =>
  new AgentRuntimeError('EXHAUSTED', `there are more than ${entries} files to look through`, {
    hint: 'begin the patterns with a directory',
    details: { reason: 'entries' },
    retry: 'never',
  });

/** Undefined for a file that is gone by the time that it is opened: it was never there. */
async function importFile(
  store: ArtifactStore,
  root: Root,
  name: string,
  options: { readonly maxBytes: number; readonly signal?: AbortSignal },
): Promise<ImportedFile | RefusedFile | undefined> {
  try {
    const content = await readWhole(store, root, name, options);
    if (content) return { name, mediaType: mediaTypeOf(name), content };
    return { name, reason: 'changing', message: 'it changed each time that it was read' };
  } catch (error) {
    if (error instanceof FsSafeError && error.code === 'not-found') return undefined;
    const refusal = refusalOf(error);
    if (refusal) return { name, ...refusal };
    throw storeFailure(error, `read ${JSON.stringify(name)}`);
  }
}

const reasons: Readonly<Record<string, RefusalReason>> = {
  symlink: 'link',
  'path-alias': 'link',
  'outside-workspace': 'link',
  hardlink: 'hard_link',
  'not-file': 'no_file',
  'device-path': 'no_file',
  'path-mismatch': 'changing',
};

/** Undefined for what is no fault of the file. */
function refusalOf(error: unknown): Omit<RefusedFile, 'name'> | undefined {
  if (error instanceof FsSafeError) return { reason: reasons[error.code] ?? 'unreadable', message: error.message };
  if (!AgentRuntimeError.isInstance(error)) return undefined;
  if (error.details?.['reason'] === 'maxBytes') return { reason: 'too_large', message: error.rawMessage };
  return undefined;
}
