/**
 * The shortest circle from a task back to itself that nothing outside can open: whatever the task waits for, directly or
 * through others, waits as well. Undefined when one of them goes on by itself, or none comes back to the task.
 * Pure; looks at each wait once at most, and no further than to the first task that goes on.
 *
 * @param waitsFor of which tasks one must go on before this one can; none for a task that goes on by itself
 * @returns the members, each of which waits for the next one and the last one for the first, which is `start`
 */
export function findCircle(
  start: string,
  waitsFor: (taskId: string) => Iterable<string>,
): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const reached = new Set([start]);
  let last: string | undefined;
  for (const id of reached) {
    let waits = false;
    for (const next of waitsFor(id)) {
      waits = true;
      if (next === start) last ??= id;
      if (reached.has(next)) continue;
      cameFrom.set(next, id);
      reached.add(next);
    }
    if (!waits) return undefined;
  }
  return last === undefined ? undefined : pathTo(last, cameFrom);
}

function pathTo(last: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const path: string[] = [];
  for (let id: string | undefined = last; id !== undefined; id = cameFrom.get(id)) path.unshift(id);
  return path;
}
