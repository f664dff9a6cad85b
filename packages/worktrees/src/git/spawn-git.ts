import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { execa } from 'execa';
import { atMost } from './at-most.ts';
import type { GitContext } from './context.ts';
import { gitConfig } from './environment.ts';
import { gitFailure } from './git-failure.ts';
import { placeArguments, type Place } from './run-git.ts';
import { endGroup } from './run-program.ts';

/** The output of git while it is made. It is killed when its reader leaves, `signal` aborts or its time is over. */
export async function* spawnGit(
  { program, env, timeoutMs, signal }: GitContext,
  place: Place,
  args: readonly string[],
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const limit = AbortSignal.timeout(timeoutMs);
  const stop = signal ? AbortSignal.any([limit, signal]) : limit;
  const child = execa(program, [...placeArguments(place), ...gitConfig, ...args], {
    env,
    extendEnv: false,
    ...(place.gitDir === undefined ? {} : { cwd: place.gitDir }),
    stdin: 'ignore',
    encoding: 'buffer',
    reject: false,
    buffer: { stdout: false, stderr: true },
    detached: process.platform !== 'win32',
    cleanup: false,
  });
  const giveUp = (): void => {
    endGroup(child.nodeChildProcess);
    child.stdout.destroy();
  };
  stop.addEventListener('abort', giveUp);
  if (stop.aborted) giveUp();
  try {
    yield* atMost(child.iterable({ binary: true, preserveNewlines: true }), maxBytes);
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    stop.removeEventListener('abort', giveUp);
    giveUp();
    await child;
  }
  throwIfAborted(signal);
  if (limit.aborted) throw new AgentRuntimeError('DEADLINE_EXCEEDED', `git ${args[0]} took more than ${timeoutMs} ms`);
  const { exitCode = -1, stderr } = await child;
  if (exitCode !== 0)
    throw gitFailure(`git ${args[0]}`, { code: exitCode, stderr: Buffer.from(stderr ?? '').toString() });
}
