import { throwIfAborted, type CallOptions } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { bootId, type ProcessIdentity } from './identity.ts';
import { isDeadState, listPids, readEnviron, readStat } from './proc.ts';

/** Reads at a time. More would only queue in the thread pool and delay all other file reads of the process. */
const parallelReads = 2;

/**
 * Every live process that was started with `RUNTIME_RUN_ID=<runId>`, its holder included, whatever session or parent it
 * has.
 * Another run's id that begins with this one does not match. Processes of other users and those that clear or overwrite
 * their environment are not seen. One look: processes that fork meanwhile may be missed (`killTree` looks until it is
 * sure).
 * Empty where there is no /proc: see `platformSupport`.
 */
export async function findMarked(runId: string, { signal }: CallOptions = {}): Promise<ProcessIdentity[]> {
  if (process.platform !== 'linux') return [];
  const pids = await listPids();
  const boot = await bootId();
  const found: ProcessIdentity[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let pid = pids[next++]; pid !== undefined; pid = pids[next++]) {
      throwIfAborted(signal);
      // The start time is read first: should the pid change hands in between, the identity is of the former process and
      // no signal follows.
      const stat = readStat(pid);
      if (!stat || isDeadState(stat.state)) continue;
      const environ = await readEnviron(pid);
      if (environ && holdsMarker(environ, runId)) found.push({ pid, startTime: stat.startTime, bootId: boot });
    }
  };
  await Promise.all(Array.from({ length: parallelReads }, worker));
  return found;
}

/** Whether an environment has the marker with exactly this value. */
export function holdsMarker(environ: Buffer, runId: string): boolean {
  return markersIn(environ, `${runMarker}=${runId}\0`);
}

/** Whether an environment has the marker of any run. */
export function isMarked(environ: Buffer): boolean {
  return markersIn(environ, `${runMarker}=`);
}

function markersIn(environ: Buffer, wanted: string): boolean {
  for (let at = environ.indexOf(wanted); at !== -1; at = environ.indexOf(wanted, at + 1)) {
    if (at === 0 || environ[at - 1] === 0) return true;
  }
  return false;
}
