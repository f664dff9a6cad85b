import { streamProgram } from '@runtime/adapter-kit/process';
import type { GitContext } from './context.ts';
import { gitConfig } from './environment.ts';
import { gitFailure } from './git-failure.ts';
import { placeArguments, type Place } from './run-git.ts';

/** The output of git while it is made. It is killed when its reader leaves, `signal` aborts or its time is over. */
export async function* spawnGit(
  { program, env, timeoutMs, signal }: GitContext,
  place: Place,
  args: readonly string[],
  maxOutputBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const name = `git ${args[0]}`;
  const { code, stderr } = yield* streamProgram(program, [...placeArguments(place), ...gitConfig, ...args], {
    name,
    env,
    ...(place.gitDir === undefined ? {} : { cwd: place.gitDir }),
    timeoutMs,
    maxOutputBytes,
    ...(signal ? { signal } : {}),
  });
  if (code !== 0) throw gitFailure(name, { code, stderr });
}
