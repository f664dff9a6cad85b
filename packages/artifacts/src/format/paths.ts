import { join } from 'node:path';
import { ulid } from 'ulid';

const packName = /^[0-9a-z]{26}\.pack$/;
const shard = /^[0-9a-f]{2}$/;
const looseName = /^[0-9a-f]{62}$/;

/** Where the files of a store lie in its directory. */
export class Paths {
  readonly dir: string;
  readonly packs: string;
  readonly loose: string;
  /** What is being written. It has no name yet. */
  readonly unfinished: string;

  constructor(dir: string) {
    this.dir = dir;
    this.packs = join(dir, 'packs');
    this.loose = join(dir, 'sha256');
    this.unfinished = join(dir, 'unfinished');
  }

  get format(): string {
    return join(this.dir, 'FORMAT');
  }

  pack(name: string): string {
    return join(this.packs, name);
  }

  shardOf(sha256: string): string {
    return join(this.loose, sha256.slice(0, 2));
  }

  looseOf(sha256: string): string {
    return join(this.shardOf(sha256), sha256.slice(2));
  }

  unfinishedFile(): string {
    return join(this.unfinished, ulid().toLowerCase());
  }
}

/** In the order of these names, packs were begun. */
export const newPackName = (): string => `${ulid().toLowerCase()}.pack`;

export const isPackName = (name: string): boolean => packName.test(name);

export const isShard = (name: string): boolean => shard.test(name);

export const isLooseName = (name: string): boolean => looseName.test(name);
