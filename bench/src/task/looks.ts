import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** How often this process has looked into /proc since this module was loaded. */
export const looks = {
  /** Lists of all processes, and how many processes they held together. */
  scans: 0,
  listed: 0,
  /** Reads of a file of a process. */
  reads: 0,
  /** Questions about a process that read nothing. */
  stats: 0,
};

type Table = Record<string, (...args: unknown[]) => unknown>;

for (const table of [fs, promises] as unknown as Table[]) {
  for (const [name, note] of [
    [/^(open|readFile|readlink)(Sync)?$/, noteRead],
    [/^l?stat(Sync)?$/, noteStat],
    [/^readdir(Sync)?$/, noteList],
  ] as const) {
    for (const each of Object.keys(table).filter((key) => name.test(key))) {
      const original = table[each];
      if (!original) continue;
      table[each] = (...args) => {
        const result = original.apply(table, args);
        note(String(args[0]), result);
        return result;
      };
    }
  }
}
syncBuiltinESMExports();

function noteRead(path: string): void {
  if (/^\/proc\/\d+\//.test(path)) looks.reads += 1;
}

function noteStat(path: string): void {
  if (/^\/proc\/\d+$/.test(path)) looks.stats += 1;
}

function noteList(path: string, result: unknown): void {
  if (path !== '/proc') return;
  looks.scans += 1;
  const count = (names: unknown): void => {
    if (Array.isArray(names)) looks.listed += names.filter((name) => /^\d+$/.test(String(name))).length;
  };
  if (result instanceof Promise) result.then(count, () => undefined);
  else count(result);
}
