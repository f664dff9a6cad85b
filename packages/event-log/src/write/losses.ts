import { AgentRuntimeError } from '@runtime/contracts';
import { claimedEpochs, segmentNumbers } from '../format/file-names.ts';
import { listIfThere } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import type { LogIndex } from '../state/log-index.ts';

/**
 * Why a writer is no longer the writer of its files. Looks at the directory to tell. `lostLock` is the path of the lock
 * when its file is all that is gone.
 */
export async function explainLoss(
  fs: LogFs,
  dir: string,
  epoch: number,
  lostLock?: string,
): Promise<AgentRuntimeError> {
  // The claims first: the next owner makes a new lock file, too.
  const newer = claimedEpochs(await listIfThere(fs, dir).catch(() => [])).find((claimed) => claimed > epoch);
  if (newer !== undefined) return fenced(dir, newer);
  return lostLock === undefined ? filesLost(dir) : lockLost(lostLock);
}

/**
 * True when a closed segment is gone, whose events were acknowledged. False where the directory cannot be read (no
 * descriptor left, a medium that fails): that proves nothing. Goes to the disk only where there is one.
 */
export async function isSegmentMissing(fs: LogFs, dir: string, index: LogIndex): Promise<boolean> {
  const { version } = index;
  const known = index.segments.slice(0, -1).map(({ number }) => number);
  if (known.length === 0) return false;
  const names = await listIfThere(fs, dir).catch(() => undefined);
  // What was made one with others meanwhile is not missing.
  if (!names || index.version !== version) return false;
  const there = new Set(segmentNumbers(names));
  return known.some((number) => !there.has(number));
}

function fenced(dir: string, epoch: number): AgentRuntimeError {
  return new AgentRuntimeError('CONFLICT', `another process has opened the log in ${dir}, as epoch ${epoch}`, {
    hint: 'end this process: the other one is the owner now; leave lock.db alone while a process owns it',
    details: { poisoned: true, epoch },
  });
}

/** The lock file is gone or another one: any process may take the lock at its path. */
function lockLost(path: string): AgentRuntimeError {
  return new AgentRuntimeError('CONFLICT', `${path} was removed or replaced while this process held its lock`, {
    hint: 'start the owner again, and leave lock.db alone while a process owns it',
    details: { poisoned: true, path },
  });
}

/** For files that were removed, replaced or cut by another program while they were written to. */
export function filesLost(dir: string): AgentRuntimeError {
  return new AgentRuntimeError(
    'DATA_CORRUPT',
    `files of the log in ${dir} were removed, replaced or cut while it was open`,
    {
      hint: 'restore them from a copy, or move what is left away, before the log is opened again; keep it where no program cleans up',
      details: { poisoned: true, dir },
    },
  );
}

/** Another process was quicker to begin the next segment. */
export function openedByOther(dir: string, cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('CONFLICT', `another process is opening the log in ${dir}`, {
    hint: 'use one process for a log',
    cause,
  });
}
