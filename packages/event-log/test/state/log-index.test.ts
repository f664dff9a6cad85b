import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogIndex, type StreamEntry } from '../../src/state/log-index.ts';

const names = ['plane', 'task/a', 'task/ab', 'task/b', 'x', 'x'.repeat(200)];

type Step =
  | { readonly kind: 'append'; readonly name: string; readonly count: number; readonly bytes: number }
  | { readonly kind: 'commit' | 'refuse' | 'seal' };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append'),
      name: fc.constantFrom(...names),
      count: fc.integer({ min: 1, max: 5 }),
      bytes: fc.integer({ min: 1, max: 200_000 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('refuse', 'seal') }) },
);

interface Pending {
  readonly stream: StreamEntry;
  readonly count: number;
  readonly revision: number;
  readonly bytes: number;
}

/** What a plain map knows of a stream. */
interface Known {
  revision: number;
  readonly chunks: Set<number>;
}

/** An index, and maps that are kept beside it. */
class Subject {
  readonly index = new LogIndex();
  readonly known = new Map<string, Known>();
  pending: Pending[] = [];
  #segment = this.index.addSegment(1, 0, false);
  #position = 0;
  #offset = 100;

  do(step: Step): void {
    if (step.kind === 'append') this.#append(step.name, step.count, step.bytes);
    else if (step.kind === 'commit') this.#commit();
    else if (step.kind === 'refuse') this.refuse();
    else {
      this.#segment = this.index.addSegment(this.#segment.number + 1, this.#position, false);
      this.#offset = 100;
    }
  }

  #append(name: string, count: number, bytes: number): void {
    const stream = this.index.stream(name);
    stream.revision += count;
    this.pending.push({ stream, count, revision: stream.revision, bytes });
    const known = this.known.get(name) ?? { revision: 0, chunks: new Set() };
    known.revision += count;
    this.known.set(name, known);
  }

  #commit(): void {
    const append = this.pending.shift();
    if (!append) return;
    const { stream, count, revision, bytes } = append;
    const first = this.#position + 1;
    const last = this.#position + count;
    this.index.add(this.#segment, { stream, first, last, revision, offset: this.#offset, end: this.#offset + bytes });
    this.known.get(stream.name)?.chunks.add(this.index.chunks.length - 1);
    this.#position = last;
    this.#offset += bytes;
  }

  /** As after a full disk. */
  refuse(): void {
    for (const { stream, count } of this.pending) {
      stream.revision -= count;
      this.index.release(stream);
      const known = this.known.get(stream.name);
      if (known) known.revision -= count;
      if (known?.revision === 0) this.known.delete(stream.name);
    }
    this.pending = [];
  }
}

test('whatever is appended, refused and sealed, each stream has the revision, the chunks and the name that maps have', () => {
  const property = fc.property(fc.array(step, { maxLength: 120 }), fc.nat({ max: 10 }), (steps, from) => {
    const subject = new Subject();
    const { index, known } = subject;
    for (const step of steps) {
      subject.do(step);
      for (const name of [...names, 'task/', 'task/abc', 'y', '']) {
        expect(index.revision(name)).toBe(known.get(name)?.revision ?? 0);
        const chunks = [...(known.get(name)?.chunks ?? [])];
        expect(index.chunksOf(name, 0)).toEqual(chunks);
        expect(index.chunksOf(name, from)).toEqual(chunks.filter((chunk) => chunk >= from));
      }
      for (const prefix of ['', 'task/', 'task/a', 'x', 'y']) {
        const expected = [...known.keys()].filter((name) => name.startsWith(prefix)).toSorted();
        expect([...index.names(prefix)].toSorted()).toEqual(expected);
      }
    }
    subject.refuse();
    index.addSegment(1000, 0, false);
    expect([...index.live.keys()]).toEqual([]);
  });
  fc.assert(property, { numRuns: 150 });
});

test('names that are sealed while they are gone through are not left out', () => {
  const index = new LogIndex();
  const segment = index.addSegment(1, 0, false);
  for (let n = 0; n < 10; n += 1) {
    const stream = index.stream(`s${n}`);
    stream.revision = 1;
    index.add(segment, { stream, first: n + 1, last: n + 1, revision: 1, offset: n, end: n + 1 });
  }
  const seen: string[] = [];
  for (const name of index.names('')) {
    seen.push(name);
    if (seen.length === 3) index.addSegment(2, 10, false);
  }
  expect(seen.toSorted()).toEqual(Array.from({ length: 10 }, (_, n) => `s${n}`));
});
