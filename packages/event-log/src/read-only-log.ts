import type { AppendResult, ReadOptions, RemovedStreams, Snapshot, StoredEvent } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import type { LogFile, LogFs } from './fs/log-fs.ts';
import type { JsonlEventLog } from './jsonl-event-log.ts';
import { cursorAt } from './read/cursors.ts';
import { Follower, type FollowedFiles } from './read/follower.ts';
import { readLog, type ReadSource } from './read/read-log.ts';
import { RecentAppends } from './read/recent-appends.ts';
import { Wakeups } from './read/wakeups.ts';
import { headerIn } from './recover/header-in.ts';
import type { Epochs } from './state/epochs.ts';
import type { LogIndex, SegmentEntry } from './state/log-index.ts';
import type { LogProblem, Problems } from './state/problems.ts';
import { Snapshots } from './state/snapshots.ts';

/** Opens a log for reading only. Changes nothing on the disk. Throws NOT_FOUND when there is no log yet. */
export async function openReadOnly(files: FollowedFiles): Promise<JsonlEventLog> {
  const follower = await Follower.open(files);
  if (follower.state.logId === '') {
    throw new AgentRuntimeError('NOT_FOUND', `there is no log in ${files.dir}`, {
      hint: 'the first opening for writing creates it',
    });
  }
  return new ReadOnlyLog(files, follower);
}

/**
 * A log seen from outside its writer. It shows what is in the files, which may be a moment before the writer's own
 * readers see it.
 */
class ReadOnlyLog implements JsonlEventLog, ReadSource {
  readonly epoch = 0;
  readonly failure = undefined;
  /** It takes no appends, so none fails. */
  readonly failed = new Promise<never>(() => undefined);
  readonly fs: LogFs;
  readonly dir: string;
  readonly recent = new RecentAppends(0);
  readonly wakeups = new Wakeups(() => this.#follower.watch());
  closed = false;
  readonly #follower: Follower;
  readonly #snapshots: Snapshots;
  readonly #problems: Problems;

  constructor({ fs, dir, problems }: FollowedFiles, follower: Follower) {
    this.fs = fs;
    this.dir = dir;
    this.#problems = problems;
    this.#follower = follower;
    this.#snapshots = new Snapshots(fs, dir, problems);
    follower.wakeups = this.wakeups;
  }

  get logId(): string {
    return this.#follower.state.logId;
  }

  get epochs(): Epochs {
    return this.#follower.state.epochs;
  }

  get origin(): number {
    return this.#follower.state.origin;
  }

  get head(): number {
    return this.#follower.state.position;
  }

  get index(): LogIndex {
    return this.#follower.state.index;
  }

  get generation(): number {
    return this.#follower.generation;
  }

  get readFailure(): unknown {
    return this.#follower.failure;
  }

  get problems(): readonly LogProblem[] {
    return this.#problems.list;
  }

  async isCurrent({ rewrites }: SegmentEntry, file: LogFile | undefined): Promise<boolean> {
    if (file && (await headerIn(file))?.rewrites === rewrites) return true;
    await this.#follower.renew();
    return false;
  }

  async append(): Promise<AppendResult> {
    throw readOnlyError();
  }

  async *read(options: ReadOptions = {}): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    if (!this.closed) await this.#follower.refresh();
    yield* readLog(this, options);
  }

  revision(stream: string): number {
    return this.index.revision(stream);
  }

  streams(prefix = ''): Iterable<string> {
    return this.index.names(prefix);
  }

  cursor(position: number): string {
    return cursorAt(this, position);
  }

  async readSnapshot(name: string, version: string): Promise<Snapshot | undefined> {
    // The writer may have written both since: events, and a snapshot of them.
    if (!this.closed) await this.#follower.refresh();
    return this.#snapshots.read(this.logId, name, version, this.head);
  }

  async writeSnapshot(): Promise<void> {
    throw readOnlyError();
  }

  async confirmWriter(): Promise<void> {
    throw readOnlyError();
  }

  async removeStreams(): Promise<RemovedStreams> {
    throw readOnlyError();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#follower.stop();
    this.wakeups.wakeAll();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function readOnlyError(): AgentRuntimeError {
  return new AgentRuntimeError('UNSUPPORTED', 'this log was opened for reading only', {
    hint: 'append in the process that holds the lock',
    retry: 'never',
  });
}
