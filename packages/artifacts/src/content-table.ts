import { digestBytes, type Digest } from './format/pack-format.ts';

/** Where a content lies: in a pack, or in a file of its own, whose length is its own. */
export type Place =
  | { readonly kind: 'packed'; readonly pack: number; readonly offset: number; readonly bytes: number }
  | { readonly kind: 'loose' };

const free = 0;
/** Was used, and a search goes on behind it. */
const left = -1;

/**
 * Digests and where their contents lie, in some sixty bytes each: an open hash table over typed arrays, since millions
 * of small objects would cost ten times as much.
 */
export class ContentTable {
  size = 0;
  /** The number of an entry plus one, by digest. */
  #slots = new Int32Array(64);
  #usedSlots = 0;
  #digests = Buffer.alloc(32 * digestBytes);
  /** For each entry its pack plus one, offset and length; the first is 0 for a loose content. */
  #places = new Uint32Array(32 * 3);
  #entries = 0;
  readonly #unused: number[] = [];

  get(digest: Digest): Place | undefined {
    const entry = this.#entryIn(this.#slotOf(digest));
    return entry === undefined ? undefined : this.#placeOf(entry);
  }

  /** A content that is there already lies there from now on. */
  set(digest: Digest, place: Place): void {
    const known = this.#entryIn(this.#slotOf(digest));
    if (known !== undefined) return this.#write(known, place);
    if ((this.#usedSlots + 1) * 2 > this.#slots.length) this.#rehash();
    const entry = this.#unused.pop() ?? this.#add();
    this.#digests.set(digest, entry * digestBytes);
    this.#write(entry, place);
    let slot = this.#home(digest);
    while ((this.#slots[slot] ?? free) > free) slot = this.#next(slot);
    if (this.#slots[slot] === free) this.#usedSlots += 1;
    this.#slots[slot] = entry + 1;
    this.size += 1;
  }

  delete(digest: Digest): void {
    const slot = this.#slotOf(digest);
    const entry = this.#entryIn(slot);
    if (slot === undefined || entry === undefined) return;
    this.#slots[slot] = left;
    this.#unused.push(entry);
    this.size -= 1;
  }

  /** Those that are there now, in no order. Later changes are not seen. */
  digests(): Digest[] {
    const found: Digest[] = [];
    for (const slot of this.#slots) if (slot > free) found.push(Buffer.from(this.#digestOf(slot - 1)));
    return found;
  }

  #slotOf(digest: Digest): number | undefined {
    for (let slot = this.#home(digest); ; slot = this.#next(slot)) {
      const value = this.#slots[slot] ?? free;
      if (value === free) return undefined;
      if (value !== left && digest.equals(this.#digestOf(value - 1))) return slot;
    }
  }

  #entryIn(slot: number | undefined): number | undefined {
    return slot === undefined ? undefined : (this.#slots[slot] ?? 0) - 1;
  }

  /** A digest is as random as a hash can be. */
  #home(digest: Digest): number {
    return digest.readUInt32LE(0) & (this.#slots.length - 1);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }

  #digestOf(entry: number): Buffer {
    return this.#digests.subarray(entry * digestBytes, (entry + 1) * digestBytes);
  }

  #placeOf(entry: number): Place {
    const [pack = 0, offset = 0, bytes = 0] = this.#places.subarray(entry * 3, entry * 3 + 3);
    return pack === 0 ? { kind: 'loose' } : { kind: 'packed', pack: pack - 1, offset, bytes };
  }

  #write(entry: number, place: Place): void {
    const values = place.kind === 'loose' ? [0, 0, 0] : [place.pack + 1, place.offset, place.bytes];
    this.#places.set(values, entry * 3);
  }

  #add(): number {
    const entry = this.#entries;
    this.#entries += 1;
    if (this.#entries * digestBytes > this.#digests.length) {
      this.#digests = Buffer.concat([this.#digests], this.#digests.length * 2);
      const places = new Uint32Array(this.#places.length * 2);
      places.set(this.#places);
      this.#places = places;
    }
    return entry;
  }

  #rehash(): void {
    const values = this.#slots.filter((value) => value > free);
    this.#slots = new Int32Array(Math.max(64, 2 ** Math.ceil(Math.log2((values.length + 1) * 4))));
    this.#usedSlots = values.length;
    for (const value of values) {
      let slot = this.#home(this.#digestOf(value - 1));
      while (this.#slots[slot] !== free) slot = this.#next(slot);
      this.#slots[slot] = value;
    }
  }
}
