import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkLaunch,
  inspectRun,
  readExitRecord,
  reapRun,
  startHolder,
  stopRun,
  waitForExit,
} from '@runtime/adapter-kit/run';
import { AgentRuntimeError } from '@runtime/contracts';
import { specVersion, type Exit, type RuntimeHandle } from '@runtime/contracts/adapter';
import type { PlaneContext } from '../task/context.ts';
import { directoryOf } from '../task/directory.ts';
import { processEnvironment } from '../task/process-environment.ts';
import { keepSecrets, secretsOfRuns } from '../task/run-secrets.ts';
import type { Task } from '../task/task.ts';

/** What one check may print, in bytes on the disk; more ends it. */
const maxOutputBytes = 16 * 1024 * 1024;

/** The process of one check: in a directory among those of the runs, under a holder as a run has it. */
export class CheckProcess {
  readonly #task: Task;
  readonly handle: RuntimeHandle;

  constructor(task: Task, checkId: string) {
    const { ctx, id, state } = task;
    this.#task = task;
    this.handle = {
      specVersion,
      runtime: 'check',
      taskId: id,
      runId: checkId,
      generation: state.runs.length,
      runDir: join(ctx.runsDir, checkId),
      survivesHost: ctx.survivesHost,
    };
  }

  /** Resolves once the holder has recorded the process. Throws what says that the command cannot be run. */
  async start(command: readonly string[]): Promise<void> {
    const { handle } = this;
    const { ctx, state } = this.#task;
    const cwd = directoryOf(this.#task);
    const { env, secrets } = await processEnvironment(this.#task, handle.runId);
    await mkdir(handle.runDir, { recursive: true, mode: 0o700 });
    const ofRuns = await secretsOfRuns(ctx, state.runs);
    // Before anything begins: whoever takes the check over reads nothing else. Without those of a run nobody knows what
    // to mask, and none are kept.
    if (ofRuns) await keepSecrets(ctx, handle.runId, [...new Set([...secrets, ...ofRuns])]);
    await checkLaunch({ handle, command, cwd });
    await startHolder({ handle, command, cwd, env, maxOutputBytes, stdin: { kind: 'none' } });
  }

  /**
   * Whether an earlier owner's check lives or has ended. False for one that never began, which is shut out, and for one
   * that was lost.
   */
  async isThere(): Promise<boolean> {
    const found = await inspectRun(this.handle);
    return found.state === 'live' || found.state === 'ended';
  }

  /** Aborting `signal` throws, and leaves the process alone. */
  waitForExit(signal: AbortSignal): Promise<Exit> {
    return waitForExit(this.handle, { signal });
  }

  /** When its exit was seen, in Unix ms; undefined while none is recorded. */
  async endedAt(): Promise<number | undefined> {
    return (await readExitRecord(this.handle.runDir))?.endedAt;
  }

  /** Ends it, with all that it has started, and resolves with how it ended. */
  stop({ tuning }: PlaneContext): Promise<Exit> {
    return stopRun(this.handle, { graceMs: tuning.stopGraceMs });
  }

  /** Ends what it has left. */
  async reap(): Promise<void> {
    try {
      await reapRun(this.handle);
    } catch (thrown) {
      const { message } = AgentRuntimeError.from(thrown);
      process.emitWarning(`processes of check ${this.handle.runId} may be left: ${message}`, 'AgentRuntimeWarning');
    }
  }
}
