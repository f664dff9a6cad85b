import type { SegmentEntry } from '../state/log-index.ts';

/** So many short segments in a row are made one, also where nothing in them is removed. */
const manyShort = 8;

export interface PlanOptions {
  readonly streams: ReadonlySet<string>;
  /** True for a segment of this length that stays by itself. */
  readonly isLong: (end: number) => boolean;
  /** The most bytes that are made one segment. */
  readonly maxBytes: number;
}

/**
 * Which of the closed segments are written anew, in groups of neighbours that become one segment each: those that hold
 * something of the streams, with the short ones beside them. Each removal may end a segment early, so without that their
 * number would grow with every one.
 */
export function planRewrites(closed: readonly SegmentEntry[], options: PlanOptions): SegmentEntry[][] {
  const groups: SegmentEntry[][] = [];
  let room = 0;
  for (const segment of closed) {
    const isShort = !options.isLong(segment.end);
    const group = isShort && segment.end <= room ? groups.at(-1) : undefined;
    if (group) group.push(segment);
    else groups.push([segment]);
    // A long one has no room for others.
    room = !isShort ? 0 : (group ? room : options.maxBytes) - segment.end;
  }
  return groups.filter(
    (group) => group.length >= manyShort || group.some((segment) => holdsAny(segment, options.streams)),
  );
}

function holdsAny({ table }: SegmentEntry, streams: ReadonlySet<string>): boolean {
  if (!table) return false;
  if (streams.size < table.count) {
    for (const name of streams) if (table.find(name)) return true;
    return false;
  }
  for (const name of table.names('')) if (streams.has(name)) return true;
  return false;
}
