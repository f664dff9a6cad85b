import type { CliDependencies } from '../host/dependencies.ts';
import { offers } from '../mount.ts';

/**
 * What brings an owner where none lives, as the end of a sentence that says so; empty where nothing does. `program` is
 * how this program is called.
 */
export function startsOwner(
  { startOwner, noOwnerHint, mount }: Pick<CliDependencies, 'startOwner' | 'noOwnerHint' | 'mount'>,
  program: string,
): string {
  if (startOwner && offers(mount, 'serve')) return `; ${program} serve --detach starts one`;
  if (startOwner) return '; the next task starts one';
  return noOwnerHint === undefined ? '' : `; ${noOwnerHint}`;
}
