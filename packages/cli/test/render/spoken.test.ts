import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandNames, type CommandName } from '../../src/mount.ts';
import { spoken, spokenHint } from '../../src/render/spoken.ts';

const packages = resolve(import.meta.dirname, '../../..');

const libraries = ['control-plane', 'event-log', 'adapter-pi', 'adapter-tmux', 'adapter-local'];

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

/** For authors of programs: a plane of one's own with two adapters of one name, and with families. */
const neverHere = [
  'give one of them another id: tmux({ id })',
  'name the family where the plane is opened: openControlPlane({ families })',
];

describe('hints on the command line', () => {
  it.each(libraries)('of %s are not code', (name) => {
    const hints = hintsOf(name).filter((hint) => !neverHere.includes(hint));
    expect(hints.length).toBeGreaterThan(0);
    expect(hints.map((hint) => spokenHint(hint, undefined)).filter((hint) => code.test(hint))).toEqual([]);
  });
});

describe('what is said under the name of a host', () => {
  const mount = { name: 'openclaw runtime' };
  const only = (...commands: readonly CommandName[]) => ({ ...mount, commands });

  it('names every command as it is to be typed there, once', () => {
    for (const name of [...commandNames, 'help'])
      expect(spoken(`do it: runtime ${name} <task>`, mount)).toBe(`do it: openclaw runtime ${name} <task>`);
    const already = "openclaw runtime --data-dir '/a b' watch k3f9x2, `openclaw runtime close`";
    expect(spoken(already, mount)).toBe(already);
    expect(spoken('`runtime close` ends it; $(runtime list -q), runtime --help', mount)).toBe(
      '`openclaw runtime close` ends it; $(openclaw runtime list -q), openclaw runtime --help',
    );
  });

  it('leaves alone what is no command', () => {
    const text = 'a runtime that can; /x/runtime list, my-runtime run, runtime.config.json, runtime lists';
    expect(spoken(text, mount)).toBe(text);
  });

  it('is without the clauses that name a command that is not there', () => {
    expect(spoken('agents go on; runtime serve --detach starts one', only('list'))).toBe('agents go on');
    expect(spoken('runtime verify shows it; check the disk', only('list'))).toBe('check the disk');
    expect(spoken("gone. To watch: openclaw runtime --data-dir '/a b' watch last", only('list'))).toBe('gone.');
    expect(spoken('runtime doctor shows which', only('list'))).toBe('');
    expect(spoken('runtime list shows the tasks', only('list'))).toBe('openclaw runtime list shows the tasks');
  });

  it('holds for every hint of the libraries', () => {
    const hints = libraries.flatMap(hintsOf).map((hint) => spokenHint(hint, { name: 'host agents' }));
    expect(hints.filter((hint) => hint.includes('host agents ')).length).toBeGreaterThan(3);
    const bare = new RegExp(String.raw`\bruntime (?:--|(?:${[...commandNames, 'help'].join('|')})\b)`);
    expect(hints.filter((hint) => bare.test(hint))).toEqual([]);
  });
});
