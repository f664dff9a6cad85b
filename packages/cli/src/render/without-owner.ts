import type { CliDependencies } from '../host/dependencies.ts';
import { offers } from '../mount.ts';

/** What goes on where an owner has left, and until when nothing is done for it. */
export function withoutOwner(
  unfinished: number,
  { startOwner, mount }: Pick<CliDependencies, 'startOwner' | 'mount'>,
): string {
  if (unfinished === 0) return 'no task goes on';
  const [tasks, them] = unfinished === 1 ? ['1 task goes', 'it'] : [`${unfinished} tasks go`, 'them'];
  const next = startOwner ? 'the next task' : 'the next owner';
  const takers = offers(mount, 'serve') ? `${next} or ${mount?.name ?? 'runtime'} serve` : next;
  return `${tasks} on without an owner, until ${takers} takes ${them} up`;
}
