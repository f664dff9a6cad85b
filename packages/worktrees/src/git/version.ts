import { runProgram } from '@runtime/adapter-kit/process';
import { AgentRuntimeError } from '@runtime/contracts';

/** Major and minor. */
export type GitVersion = readonly [number, number];

/** The first one whose `worktree add` locks with a reason. */
const oldest: GitVersion = [2, 33];
const known = new Map<string, Promise<GitVersion>>();
const maxKnown = 64;

export const isAtLeast = ([major, minor]: GitVersion, [leastMajor, leastMinor]: GitVersion): boolean =>
  major > leastMajor || (major === leastMajor && minor >= leastMinor);

/** Asked once for each program and search path. */
export function gitVersion(program: string, env: Readonly<Record<string, string | undefined>>): Promise<GitVersion> {
  const key = `${program}\0${env.PATH ?? ''}`;
  const found = known.get(key) ?? ask(program, env);
  known.set(key, found);
  const [first] = known.keys();
  if (known.size > maxKnown && first !== undefined) known.delete(first);
  found.catch(() => known.delete(key));
  return found;
}

async function ask(program: string, env: Readonly<Record<string, string | undefined>>): Promise<GitVersion> {
  const hint = `install git ${oldest.join('.')} or newer, or say where it is by the option git`;
  const { stdout } = await runProgram(program, ['--version'], { env, timeoutMs: 30_000 }).catch((cause: unknown) => {
    throw new AgentRuntimeError('UNAVAILABLE', `${program} could not be run`, { hint, cause });
  });
  const text = stdout.trim();
  const [, major, minor] = /^git version (\d+)\.(\d+)/.exec(text) ?? [];
  const version: GitVersion = [Number(major), Number(minor)];
  if (isAtLeast(version, oldest)) return version;
  throw new AgentRuntimeError('UNSUPPORTED', `${program} is ${text.slice(0, 100) || 'no git'}`, { hint });
}
