import { spawn, type ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError, systemCode, throwIfAborted } from '@runtime/contracts';
import { readTail } from '../files/read-tail.ts';
import { removeCgroup } from '../process/cgroup.ts';
import { killTree } from '../process/kill-tree.ts';
import { platformSupport } from '../process/platform.ts';
import { followedFiles } from '../source/sweep.ts';
import { watchChanges } from '../source/watch-changes.ts';
import type { HolderInput, HolderLaunch } from './holder-launch.ts';
import { holderExitClaimed, holderScript } from './holder-script.ts';
import { forgetHolderTools, holderTools, type HolderTools } from './holder-tools.ts';
import { isInPlace } from './inspect-run.ts';
import { checkLaunch, holderEnvironment, textHint } from './launch-check.ts';
import { runPaths } from './run-paths.ts';
import { cgroupPlace, prepareCgroup } from './run-tree.ts';
import { currentPlacement, type Placement } from './placement.ts';
import { resolveCommand } from './resolve-command.ts';
import { readHolderRecord, type HolderRecord } from './run-record.ts';
import { stopRun } from './stop-run.ts';

/**
 * Starts an agent under a holder that outlives this process: stdout and stderr go straight to files, and the exit is
 * recorded even if no owner is alive.
 * Resolves once the run is claimed and holder.json names both processes; the agent executes from then on.
 * A run directory starts once: a second start is CONFLICT.
 *
 * Throws NOT_FOUND, PERMISSION_DENIED (the program), INVALID_ARGUMENT, UNSUPPORTED (Windows) and UNAVAILABLE when
 * nothing was begun.
 * Throws OUTCOME_UNKNOWN when the start took too long and the agent had begun or could not be ended.
 * Aborting `signal` ends what was begun, then throws CANCELLED.
 */
export async function startHolder(launch: HolderLaunch): Promise<HolderRecord> {
  throwIfAborted(launch.signal);
  if (!platformSupport().holder) {
    throw new AgentRuntimeError('UNSUPPORTED', 'runs that outlive this process need a POSIX system');
  }
  const env: Record<string, string> = { ...holderEnvironment(launch.env, launch.handle.runId), PWD: launch.cwd };
  await checkLaunch(launch);
  const [name = '', ...rest] = launch.command;
  const program = await resolveCommand(name, env['PATH'], launch.cwd);
  const place = launch.placement ?? (await currentPlacement(env));
  throwIfAborted(launch.signal);
  const child = await spawnHolder(launch, place, [program, ...rest], env);
  return awaitRecord(launch, child);
}

/** What a holder is told, without the agent's command, which follows one argument each. */
export interface HolderSettings {
  /** The agent's working directory. */
  readonly cwd: string;
  readonly runId: string;
  readonly stdin: HolderInput;
  /** Where cgroups are mounted; empty for an agent without one. */
  readonly mount: string;
  readonly maxOutputBytes?: number | undefined;
  readonly tools: HolderTools;
  /** The process that starts the holder: while it lives, it has the exit in a log of its own, and nothing is synced. */
  readonly owner: number;
}

/** The arguments of `holderScript`, in its order. */
export function holderArguments(settings: HolderSettings): string[] {
  const { cwd, runId, stdin, mount, maxOutputBytes, tools, owner } = settings;
  const input = stdin.kind === 'file' ? stdin.path : '';
  const limit = maxOutputBytes === undefined ? '' : String(maxOutputBytes);
  const { setsid, setpriv, env, tail } = tools;
  return [cwd, runId, stdin.kind, input, mount, limit, setsid, setpriv, env, tail, String(owner)];
}

async function spawnHolder(
  { handle, cwd, stdin, cgroup = true, maxOutputBytes }: HolderLaunch,
  { wrap }: Placement,
  command: readonly string[],
  env: Record<string, string>,
): Promise<ChildProcess> {
  const mount = cgroup ? await cgroupPlace(handle) : '';
  const settings = holderArguments({
    cwd,
    runId: handle.runId,
    stdin,
    mount,
    maxOutputBytes,
    tools: await holderTools(),
    owner: process.pid,
  });
  const holder = [...wrap, '/bin/sh', '-c', holderScript, 'runtime-holder', ...settings, ...command];
  const log = await open(runPaths(handle.runDir).holderLog, 'a', 0o600).catch((cause: unknown) => {
    throw new AgentRuntimeError('UNAVAILABLE', 'the run directory cannot be written', { cause });
  });
  // One that is wrapped has its cgroup elsewhere, and makes it by itself.
  const prepared = mount === '' || wrap.length > 0 ? undefined : await prepareCgroup(handle, mount);
  try {
    const [file = '', ...args] = holder;
    const child = spawn(file, args, { cwd: handle.runDir, env, detached: true, stdio: ['ignore', 'ignore', log.fd] });
    child.unref();
    // Killed, it leaves no record: nothing would wake the run's readers before the next look at all of them.
    child.once('exit', () => followedFiles.now());
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return child;
  } catch (cause) {
    if (prepared !== undefined) await removeCgroup(prepared);
    throw unspawned(cause);
  } finally {
    await log.close();
  }
}

function unspawned(cause: unknown): AgentRuntimeError {
  const code = systemCode(cause);
  if (code === 'E2BIG') {
    const message = 'the arguments and the environment are larger together than the system takes';
    return new AgentRuntimeError('INVALID_ARGUMENT', message, { hint: textHint, cause });
  }
  const why = code === undefined ? '' : ` (${code})`;
  return new AgentRuntimeError('UNAVAILABLE', `the holder could not be started${why}`, { cause });
}

async function awaitRecord(launch: HolderLaunch, child: ChildProcess): Promise<HolderRecord> {
  const { handle, signal, timeoutMs = 10_000 } = launch;
  const { runDir, runId } = handle;
  const deadline = performance.now() + timeoutMs;
  const exited = new AbortController();
  child.once('exit', () => exited.abort('exited'));
  if (child.exitCode !== null) exited.abort('exited');
  const name = path.basename(runPaths(runDir).holder);
  const changes = watchChanges(runDir, 50, { heeds: (changed) => changed === undefined || changed === name });
  const over = signal ? AbortSignal.any([signal, exited.signal]) : exited.signal;
  try {
    for (;;) {
      const gone = child.exitCode !== null || child.signalCode !== null;
      // The record may be that of the holder that has the claim.
      if (child.exitCode === holderExitClaimed) throw claimed(runId);
      const record = await readHolderRecord(runDir);
      if (record && (record.holder.pid === child.pid || gone)) return record;
      if (gone) {
        forgetHolderTools();
        throw await notStarted(runDir);
      }
      if (signal?.aborted || performance.now() >= deadline) {
        await giveUp(launch, child);
        throwIfAborted(signal);
        if (!(await isInPlace(handle))) throw new AgentRuntimeError('OUTCOME_UNKNOWN', 'the run directory is gone');
        // It may have begun in the last moment.
        const code = (await readHolderRecord(runDir)) ? 'OUTCOME_UNKNOWN' : 'UNAVAILABLE';
        throw new AgentRuntimeError(code, `the holder did not begin within ${timeoutMs} ms, and was ended`);
      }
      await changes.next(over);
    }
  } finally {
    changes.close();
  }
}

/** Ends what this start began; a run that another holder has goes on. */
async function giveUp({ handle }: HolderLaunch, child: ChildProcess): Promise<void> {
  if (!(await isInPlace(handle))) return;
  const record = await readHolderRecord(handle.runDir);
  if (record && record.holder.pid !== child.pid) child.kill('SIGKILL');
  else if (record) await stopRun(handle, { graceMs: 0 });
  else await killTree({ runId: handle.runId, graceMs: 0 });
}

function claimed(runId: string): AgentRuntimeError {
  return new AgentRuntimeError('CONFLICT', `run ${runId} was claimed already`, {
    hint: 'start a new run: a run directory is used once',
  });
}

async function notStarted(runDir: string): Promise<AgentRuntimeError> {
  const log = await readTail(runPaths(runDir).holderLog, 1000).catch(() => '');
  const reason = log.toString().trim();
  return new AgentRuntimeError(
    'UNAVAILABLE',
    `the holder ended without beginning the agent${reason ? `: ${reason}` : ''}`,
  );
}
