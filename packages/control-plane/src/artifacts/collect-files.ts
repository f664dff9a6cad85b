import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Imported, ImportedFile, ImportOptions, RefusedFile } from '@runtime/artifacts';
import { AgentRuntimeError, type FailedOutcome, type RunOutcome } from '@runtime/contracts';
import { maxWritten, type TaskState, type WrittenFile } from '@runtime/contracts/fold';
import { directoryOf } from '../task/directory.ts';
import type { Task } from '../task/task.ts';
import { Watch } from '../task/watch.ts';
import { Collected } from './collected.ts';

/** Of one task, so that all of them are in one batch with its end: there wholly or not at all, whoever dies. */
const maxFiles = 1000;
const maxMessageChars = 2000;

/** What was kept of a task. */
export interface Collection extends Disposable {
  readonly events: Collected['events'];
  /** The outcome of work that succeeded and did not deliver what it had to. */
  readonly missing: FailedOutcome | undefined;
}

/**
 * Stores the files that a task was to deliver, and those that its tools say they wrote, whatever became of its work: of
 * a failure, what is there is kept as well. Success without what is required is none. Undefined when the task is
 * cancelled meanwhile.
 */
export async function collectFiles(task: Task, outcome: RunOutcome): Promise<Collection | undefined> {
  const { spec, runs, written = [] } = task.state;
  const { deliverables = [] } = spec;
  const isNeeded = deliverables.length + written.length > 0 && runs.length > 0 && outcome.status !== 'cancelled';
  if (!isNeeded) return { events: [], missing: undefined, [Symbol.dispose]: () => {} };
  // Nobody waits for the files of a task that is cancelled.
  using watch = new Watch(task, ({ state: { cancel } }) => (cancel ? { found: cancel } : { wakeAt: undefined }));
  const signal = AbortSignal.any([watch.signal, task.ctx.closing]);
  task.isCollecting = true;
  const parts = await task
    .whenThereIsRoom(() => lookForAll(task, signal), signal)
    .catch((error: unknown) => {
      if (task.ctx.closing.aborted || !task.state.cancel) throw error;
      return undefined;
    })
    .finally(() => {
      task.isCollecting = false;
    });
  if (!parts) return undefined;
  await task.ctx.failpoint('files.stored');
  const { delivered, others } = parts;
  const runId = runs.at(-1)?.runId;
  const all = [
    new Collected({ origin: 'deliverable', runId }, keptOf(delivered)),
    ...others.map((found) => new Collected({ origin: 'tool', runId }, keptOf(found))),
  ];
  return {
    events: all.flatMap(({ events }) => events),
    missing: outcome.status === 'succeeded' ? missingOf(task.state, delivered) : undefined,
    [Symbol.dispose]: () => {
      for (const each of all) each[Symbol.dispose]();
    },
  };
}

/** What was found; `problem` says why it could not be looked, where there is nothing to look through. */
interface Found extends Pick<Imported, 'files' | 'refused' | 'unmatched'> {
  readonly problem?: string;
}

interface FoundFiles {
  readonly delivered: Found;
  /** What tools wrote besides. */
  readonly others: readonly Found[];
}

const keptOf = ({ files, refused }: Found) => ({ kept: files, refused });

function missingOf({ spec }: TaskState, { unmatched, refused, problem }: Found): FailedOutcome | undefined {
  const missing = (spec.deliverables ?? []).filter(({ glob, required }) => required && unmatched.includes(glob));
  if (missing.length === 0) return undefined;
  const what = `nothing was delivered for ${missing.map(({ glob }) => JSON.stringify(glob)).join(', ')}`;
  const why = problem ?? refused.map(({ name, message }) => `${JSON.stringify(name)}: ${message}`).join('; ');
  const message = (why === '' ? what : `${what} (${why})`).slice(0, maxMessageChars);
  return { status: 'failed', code: 'deliverable_missing', message };
}

/** Where it rejects, nothing is held. Throws EXHAUSTED while the disk is full. */
async function lookForAll(task: Task, signal: AbortSignal): Promise<FoundFiles> {
  const { spec, written = [], writtenOmitted = 0 } = task.state;
  const dir = directoryOf(task);
  const found: Found[] = [];
  const look = async (options: ImportOptions): Promise<Found> => {
    const looked = await lookForFiles(task, { ...options, signal });
    found.push(looked);
    return looked;
  };
  try {
    const patterns = [...new Set((spec.deliverables ?? []).map(({ glob }) => glob))];
    const delivered = patterns.length === 0 ? nothing : await look({ dir, patterns, maxFiles });
    const known = new Set([...delivered.files, ...delivered.refused].map(({ name }) => name));
    const { names, refused } = await placesOf(dir, written);
    const others: Found[] = [refusedAlone([...refused, ...tooMany(writtenOmitted)])];
    const fresh = names.filter((name) => !known.has(name));
    if (fresh.length > 0) others.push(await look({ dir, names: fresh }));
    for (const { path, generation } of written.filter(({ kind }) => kind === 'output')) {
      const name = basename(path);
      const output = await look({ dir: dirname(path), names: [name] });
      others.push(renamed(output, `runs/${generation}/${name}`));
    }
    return { delivered, others };
  } catch (error) {
    for (const { files } of found) for (const { content } of files) content[Symbol.dispose]();
    throw error;
  }
}

const nothing: Found = { files: [], refused: [], unmatched: [] };
const refusedAlone = (refused: readonly RefusedFile[]): Found => ({ ...nothing, refused });

function renamed({ files, refused, ...rest }: Found, name: string): Found {
  const rename = <T extends ImportedFile | RefusedFile>(each: T): T => ({ ...each, name });
  return { ...rest, files: files.map(rename), refused: refused.map(rename) };
}

function tooMany(omitted: number): RefusedFile[] {
  if (omitted === 0) return [];
  const message = `the tools of the agent wrote more than ${maxWritten} files, and ${omitted} of them are not kept`;
  return [{ name: '…', reason: 'too_many', message }];
}

/** The names in the workspace of the files that tools wrote as work. */
async function placesOf(
  workspace: string,
  written: readonly WrittenFile[],
): Promise<{ readonly names: string[]; readonly refused: RefusedFile[] }> {
  const names = new Set<string>();
  const refused: RefusedFile[] = [];
  for (const { path } of written.filter(({ kind }) => kind === 'work')) {
    const name = await nameIn(workspace, path);
    if (name !== undefined) names.add(name);
    else refused.push({ name: path.slice(0, 1024), reason: 'outside', message: 'it is not in the workspace' });
  }
  return { names: [...names], refused };
}

async function nameIn(workspace: string, path: string): Promise<string | undefined> {
  const place = resolve(workspace, path);
  const name = below(workspace, place);
  if (name !== undefined) return name;
  // The agent may know its workspace by another name, as a link to it.
  const real = await realpath(dirname(place)).catch(() => undefined);
  return real === undefined ? undefined : below(workspace, join(real, basename(place)));
}

function below(workspace: string, place: string): string | undefined {
  const name = relative(workspace, place);
  return name === '' || name === '..' || name.startsWith('../') || isAbsolute(name) ? undefined : name;
}

/**
 * Where there is nothing to look through, nothing is found, and `problem` says why. Throws where it could not be looked:
 * that proves nothing.
 */
async function lookForFiles(task: Task, looking: ImportOptions): Promise<Found> {
  const { importFiles } = await import('@runtime/artifacts');
  const store = await task.ctx.artifacts();
  try {
    return await importFiles(store, looking);
  } catch (error) {
    const { code, retry, rawMessage } = AgentRuntimeError.from(error);
    const isFinal = code === 'NOT_FOUND' || (code === 'EXHAUSTED' && retry === 'never');
    if (!isFinal || looking.signal?.aborted) throw error;
    return { files: [], refused: [], unmatched: looking.patterns ?? [], problem: rawMessage };
  }
}
