import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spokenHint } from '../../src/render/spoken-hint.ts';

const packages = resolve(import.meta.dirname, '../../..');

/** Every hint in the sources of the libraries that the command line stands on. */
function hintsOf(name: string): string[] {
  const src = join(packages, name, 'src');
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(join(src, file), 'utf8').matchAll(/hint: '([^']+)'/g)])
    .map(([, hint = '']) => hint);
}

/** What no person at a terminal can type: calls and objects. */
const code = /\w\(|\(\{|\bplane\.|\btask\.|continueOf/;

/** For authors of programs: a plane of one's own with two adapters of one name. */
const neverHere = ['give one of them another id: tmux({ id })'];

describe('hints on the command line', () => {
  it.each(['control-plane', 'event-log', 'adapter-pi', 'adapter-tmux', 'adapter-local'])(
    'of %s are not code',
    (name) => {
      const hints = hintsOf(name).filter((hint) => !neverHere.includes(hint));
      expect(hints.length).toBeGreaterThan(0);
      expect(hints.map(spokenHint).filter((hint) => code.test(hint))).toEqual([]);
    },
  );
});
