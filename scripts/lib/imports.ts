import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './packages.ts';

/** What the files below a package's `src` import, types included, by path relative to `src`. */
export type Imports = ReadonlyMap<string, readonly string[]>;

const statement = /(?:^(?:import|export)\b[^'\n]*|^\} )from '([^'\n]+)'|^import '([^'\n]+)'|\bimport\('([^'\n]+)'\)/gm;

/** The specifiers as they are written. */
export function importsOf(name: string): Imports {
  const src = join(root, 'packages', name, 'src');
  const paths = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return new Map(
    paths.sort().map((path) => {
      const matches = readFileSync(join(src, path), 'utf8').matchAll(statement);
      return [path, [...matches].map((match) => match[1] ?? match[2] ?? match[3] ?? '')];
    }),
  );
}

/** The files of the package that each of its files imports. */
export function graphOf(name: string): Imports {
  const relative = (path: string, specifiers: readonly string[]): string[] =>
    specifiers.filter((each) => each.startsWith('.')).map((each) => normalize(join(dirname(path), each)));
  return new Map([...importsOf(name)].map(([path, specifiers]) => [path, relative(path, specifiers)]));
}

/** Every set of files of which each can be reached from each other by imports. */
export function circlesIn(graph: Imports): string[][] {
  const reached = new Map([...graph.keys()].map((path) => [path, reachableFrom(path, graph)]));
  const circles = new Map<string, string[]>();
  for (const [path, targets] of reached) {
    if (!targets.has(path)) continue;
    const circle = [...targets].filter((other) => reached.get(other)?.has(path)).sort();
    circles.set(circle.join(), circle);
  }
  return [...circles.values()];
}

function reachableFrom(start: string, graph: Imports): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...(graph.get(start) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return reached;
}

/** Room (a folder below `src`, `.` for `src` itself) to the other rooms that its files import. */
export function roomsOf(name: string): Readonly<Record<string, readonly string[]>> {
  const rooms = new Map<string, Set<string>>();
  for (const [path, targets] of graphOf(name)) {
    const room = dirname(path);
    const arrows = rooms.get(room) ?? new Set();
    for (const target of targets) if (dirname(target) !== room) arrows.add(dirname(target));
    rooms.set(room, arrows);
  }
  const names = [...rooms.keys()].sort();
  return Object.fromEntries(names.map((room) => [room, [...(rooms.get(room) ?? [])].sort()]));
}
