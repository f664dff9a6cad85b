import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCircle } from '../../src/circles/find-circle.ts';

type Graph = readonly (readonly number[])[];

const graphs: fc.Arbitrary<Graph> = fc
  .integer({ min: 1, max: 9 })
  .chain((size) => fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }));

const waitsIn =
  (graph: Graph) =>
  (id: string): string[] =>
    (graph[Number(id)] ?? []).map(String);

/** What a task waits for, directly or through others: by repetition until nothing is added. */
function reachedFrom(graph: Graph, start: number): ReadonlySet<number> {
  const reached = new Set(graph[start]);
  for (let size = -1; size !== reached.size;) {
    size = reached.size;
    for (const each of reached) for (const next of graph[each] ?? []) reached.add(next);
  }
  return reached;
}

describe('findCircle', () => {
  it('finds one exactly when a task waits for itself and nobody that it waits for goes on', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        for (const start of graph.keys()) {
          const reached = reachedFrom(graph, start);
          const isStuck = reached.has(start) && [...reached].every((each) => (graph[each] ?? []).length > 0);
          expect(findCircle(String(start), waitsIn(graph)) !== undefined).toBe(isStuck);
        }
      }),
    );
  });

  it('names its members once each, in the order in which they wait, from the task on', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        for (const start of graph.keys()) {
          const circle = findCircle(String(start), waitsIn(graph));
          if (!circle) continue;
          expect(circle[0]).toBe(String(start));
          expect(new Set(circle).size).toBe(circle.length);
          for (const [index, id] of circle.entries())
            expect(waitsIn(graph)(id)).toContain(circle[(index + 1) % circle.length]);
        }
      }),
    );
  });

  it('finds none any more once a member goes on', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        for (const start of graph.keys()) {
          for (const member of findCircle(String(start), waitsIn(graph)) ?? []) {
            const without = graph.map((waits, id) => (String(id) === member ? [] : waits));
            expect(findCircle(String(start), waitsIn(without))).toBeUndefined();
          }
        }
      }),
    );
  });

  it('looks no further than to the first task that goes on', () => {
    const looked: string[] = [];
    const waits: Readonly<Record<string, readonly string[]>> = { a: ['b', 'c'], b: [], c: ['a'] };
    const circle = findCircle('a', (id) => {
      looked.push(id);
      return waits[id] ?? [];
    });
    expect(circle).toBeUndefined();
    expect(looked).toEqual(['a', 'b']);
  });
});
