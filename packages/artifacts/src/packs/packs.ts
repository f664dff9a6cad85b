import { ifThere, listIfThere, readFully } from '../fs/files.ts';
import type { StoreFile, StoreFs } from '../fs/store-fs.ts';
import type { PackEntry } from '../format/pack-format.ts';
import { isPackName, type Paths } from '../format/paths.ts';
import { readPack } from './read-pack.ts';

/** So many packs are open at once. */
const maxOpen = 32;

/** An open pack. It is closed when it is no longer wanted and nobody reads in it. */
interface Handle {
  readonly file: Promise<StoreFile>;
  readers: number;
  wanted: boolean;
}

/** The packs of a store by numbers, which last as long as the process. */
export class Packs {
  readonly #fs: StoreFs;
  readonly #paths: Paths;
  readonly #names: (string | undefined)[] = [];
  readonly #numbers = new Map<string, number>();
  /** By number, the one that was used last at the end. */
  readonly #open = new Map<number, Handle>();
  /** Of packs that may still grow, where the next look at them begins. */
  readonly #seen = new Map<string, number>();

  constructor(fs: StoreFs, paths: Paths) {
    this.#fs = fs;
    this.#paths = paths;
  }

  numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#names.push(name) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }

  /** What was not found by an earlier call, with the numbers of its packs, in the order in which it was stored. */
  async *find(): AsyncGenerator<{ pack: number; entries: readonly PackEntry[] }, void, undefined> {
    const names = (await listIfThere(this.#fs, this.#paths.packs)).filter(isPackName).sort();
    for (const name of names) {
      const from = this.#seen.get(name) ?? 0;
      if (from === Infinity) continue;
      const file = await ifThere(this.#fs.open(this.#paths.pack(name), 'read'));
      if (!file) continue;
      try {
        const { entries, end } = await readPack(file, from);
        this.#seen.set(name, end);
        yield { pack: this.numberOf(name), entries };
      } finally {
        await file.close();
      }
    }
  }

  /** The next look finds everything. */
  forget(): void {
    this.#seen.clear();
  }

  /** This process has not removed the pack. */
  knows(pack: number): boolean {
    return this.#names[pack] !== undefined;
  }

  /** The pack was not removed, by this process or another one. */
  async isThere(pack: number): Promise<boolean> {
    const file = await ifThere(this.#openPack(pack));
    await file?.close();
    return file !== undefined;
  }

  /** The bytes of a content, as they are. Undefined when the pack ends before. */
  async read(pack: number, offset: number, bytes: number): Promise<Buffer | undefined> {
    const handle = this.#handleOf(pack);
    handle.readers += 1;
    try {
      // Memory of its own: a slice would keep the pool of Node that it is of.
      const into = Buffer.allocUnsafeSlow(bytes);
      return (await readFully(await handle.file, into, offset)) < bytes ? undefined : into;
    } finally {
      handle.readers -= 1;
      this.#closeIfDone(handle);
    }
  }

  /** Removes a pack. Its name is durably gone when this resolves. */
  async remove(pack: number): Promise<void> {
    const name = this.#names[pack];
    if (name === undefined) return;
    await ifThere(this.#fs.remove(this.#paths.pack(name)));
    this.#letGo(pack);
    this.#names[pack] = undefined;
    this.#numbers.delete(name);
    this.#seen.delete(name);
    await this.#fs.syncDir(this.#paths.packs);
  }

  close(): void {
    for (const pack of this.#open.keys()) this.#letGo(pack);
  }

  #handleOf(pack: number): Handle {
    const handle = this.#open.get(pack) ?? { file: this.#openPack(pack), readers: 0, wanted: true };
    // What cannot be opened is tried anew by the next reader.
    handle.file.catch(() => this.#open.delete(pack));
    this.#open.delete(pack);
    this.#open.set(pack, handle);
    const [oldest] = this.#open.keys();
    if (this.#open.size > maxOpen && oldest !== undefined) this.#letGo(oldest);
    return handle;
  }

  async #openPack(pack: number): Promise<StoreFile> {
    const name = this.#names[pack];
    if (name === undefined) throw Object.assign(new Error('the pack was removed'), { code: 'ENOENT' });
    return this.#fs.open(this.#paths.pack(name), 'read');
  }

  #letGo(pack: number): void {
    const handle = this.#open.get(pack);
    if (!handle) return;
    this.#open.delete(pack);
    handle.wanted = false;
    this.#closeIfDone(handle);
  }

  #closeIfDone(handle: Handle): void {
    if (handle.wanted || handle.readers > 0) return;
    handle.file.then((file) => file.close()).catch(() => undefined);
  }
}
