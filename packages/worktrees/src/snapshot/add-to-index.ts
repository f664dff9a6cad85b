import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { AgentRuntimeError } from '@runtime/contracts';
import type { GitContext } from '../git/context.ts';
import { fileAt, joinNul, type RawPath } from '../git/raw-path.ts';
import { git } from '../git/run-git.ts';
import { statIfThere } from '../system/files.ts';
import type { Standing } from './standing.ts';

/** Adds files as they are, and takes out those that are gone. Resolves with those that cannot be read. */
export async function addToIndex(
  context: GitContext,
  place: Standing,
  index: string,
  paths: readonly RawPath[],
): Promise<RawPath[]> {
  const add = async (some: readonly RawPath[]): Promise<void> => {
    const args = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
    const call = { env: { GIT_INDEX_FILE: index }, input: joinNul(some), isDurable: true, isStep: true };
    await git(context, place, args, call);
  };
  try {
    await add(paths);
    return [];
  } catch (error) {
    if (!AgentRuntimeError.isInstance(error) || error.code === 'CANCELLED') throw error;
    const unreadable = await unreadableAmong(place.workTree, paths);
    if (unreadable.length === 0) throw error;
    const without = new Set(unreadable);
    await add(paths.filter((path) => !without.has(path)));
    return unreadable;
  }
}

async function unreadableAmong(workTree: string, paths: readonly RawPath[]): Promise<RawPath[]> {
  const found: RawPath[] = [];
  for (const path of paths) {
    const file = fileAt(workTree, path);
    try {
      if ((await statIfThere(file))?.isFile()) await access(file, constants.R_OK);
    } catch {
      found.push(path);
    }
  }
  return found;
}
