import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { open, rename, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentRuntimeError, errorDataSchema } from '@runtime/contracts';
import { z } from 'zod';
import type { StartingOwner, StartOwnerOptions } from '../host/dependencies.ts';
import { ownerEnvironment } from './environment.ts';

/** How to run this program again: Node, its flags, and the script. */
export interface SelfCommand {
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly entry: string;
}

const failureSchema = z.object({ failure: errorDataSchema });

const maxLogBytes = 1024 * 1024;
/** With the words around it, within what an error may say. */
const tailBytes = 1500;

/**
 * Starts `runtime serve` in its own session: without a terminal, with its own log file, an allow-list of the
 * environment, and `/` as the working directory. Resolves once the process runs; it owns the data directory once its
 * socket answers.
 */
export async function startOwner(
  { dataDir, idleExit, concurrency }: StartOwnerOptions,
  self: SelfCommand,
  env: Readonly<Record<string, string | undefined>>,
): Promise<StartingOwner> {
  const { prepareDataDir } = await import('@runtime/control-plane');
  // Before anything is written there: what is unsafe is refused, and what cannot be made is named.
  await prepareDataDir(dataDir);
  const logPath = join(dataDir, 'owner.log');
  const log = await openLog(logPath);
  try {
    const begin = (await log.stat()).size;
    const idle = idleExit === 'never' ? [] : ['--idle-exit', idleExit];
    // Everything that it needs is said here: from its working directory it would find another configuration.
    const limit = ['--concurrency', String(concurrency)];
    const args = [...self.execArgv, self.entry, 'serve', '--data-dir', dataDir, ...idle, ...limit];
    // Raw spawn: the owner is detached, outlives this process and writes to its own log file.
    const child = spawn(self.execPath, args, {
      detached: true,
      cwd: '/',
      env: await ownerEnvironment(env),
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) =>
        reject(new AgentRuntimeError('UNAVAILABLE', `cannot start the owner: ${cause.message}`, { cause })),
      );
    });
    let exitCode: number | null | undefined;
    child.once('exit', (code) => (exitCode = code));
    const failure = failureOf(child);
    child.unref();
    child.channel?.unref();
    return {
      pid: child.pid,
      exitCode: () => exitCode,
      failure() {
        child.channel?.ref();
        return failure;
      },
      logTail: () => readTail(logPath, begin),
      logPath,
    };
  } finally {
    await log.close();
  }
}

/** The error that it reports before it ends; its end is the end of the channel, so that nothing is read too early. */
function failureOf(child: ChildProcess): Promise<AgentRuntimeError | undefined> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      const { data } = failureSchema.safeParse(message);
      if (data) resolve(AgentRuntimeError.fromData(data.failure));
    });
    child.once('disconnect', () => resolve(undefined));
  });
}

/** Opens the log of all owners of a data directory. A log of more than 1 MiB is renamed first. */
async function openLog(logPath: string): Promise<FileHandle> {
  try {
    const size = await stat(logPath).then(
      (found) => found.size,
      () => 0,
    );
    if (size > maxLogBytes) await rename(logPath, `${logPath}.old`);
    // No-follow: a link in the directory must not choose the file that we append to. No FIFO is waited for.
    return await open(
      logPath,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o600,
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentRuntimeError('UNAVAILABLE', `cannot write to the data directory: ${why}`, {
      hint: 'choose another directory with --data-dir',
      cause,
    });
  }
}

async function readTail(path: string, begin: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(begin, size - tailBytes);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.max(0, size - from)),
      0,
      Math.max(0, size - from),
      from,
    );
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
