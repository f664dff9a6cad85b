import { isAlive, type ProcessIdentity } from '@runtime/adapter-kit/process';
import { readExitRecord, runPaths, readTail } from '@runtime/adapter-kit/run';
import { watchChanges } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';
import { isThere, readTmuxHolder } from '../run-files.ts';

/** How long a holder may take to write its record: on a loaded machine still a hundred times more than it needs. */
const beginMs = 15_000;

/**
 * Waits until the run's holder has named the agent, which executes from then on.
 * Throws UNAVAILABLE with the holder's own words when there is no agent, CONFLICT when the run was shut out meanwhile,
 * CANCELLED.
 */
export async function awaitHolder(
  { handle }: Launch,
  server: ProcessIdentity | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = performance.now() + beginMs;
  const changes = watchChanges(handle.runDir, 50);
  try {
    for (;;) {
      throwIfAborted(signal);
      const gone = server === undefined || !(await isAlive(server));
      if (await readTmuxHolder(handle.runDir)) {
        const ended = await readExitRecord(handle.runDir);
        if (ended && !ended.began) throw await notBegun(handle.runDir, 'the agent could not be executed');
        return;
      }
      if (gone) throw await notBegun(handle.runDir, 'the holder ended without beginning the agent');
      if (performance.now() > deadline)
        throw await notBegun(handle.runDir, `the holder did not begin within ${beginMs} ms`);
      await changes.next(signal);
    }
  } finally {
    changes.close();
  }
}

async function notBegun(runDir: string, what: string): Promise<AgentRuntimeError> {
  const { holderLog, shut } = runPaths(runDir);
  if (await isThere(shut)) {
    return new AgentRuntimeError('CONFLICT', 'this run was shut out', { hint: 'start a new run' });
  }
  const log = (await readTail(holderLog, 500).catch(() => '')).toString().trim();
  return new AgentRuntimeError('UNAVAILABLE', `${what}${log === '' ? '' : `: ${log}`}`);
}

/** Whether the agent may have executed anything: holder.json is there before it does. */
export async function hadBegun(runDir: string): Promise<boolean> {
  return (await readTmuxHolder(runDir)) !== undefined && (await readExitRecord(runDir))?.began !== false;
}
