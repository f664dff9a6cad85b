import { commandNames, offers, type CommandName, type Mount } from '../mount.ts';

/**
 * Hints of the libraries speak to programs as well. What they say in code, the command line says in commands; the first
 * pattern that fits decides.
 */
const inCommands: readonly (readonly [inCode: RegExp, inCommands: string])[] = [
  [/^(.*): submit\(\{ continueOf \}\), runtime run --continue$/, '$1: runtime run "<text>" --continue <task>'],
  [/submit it without continueOf/, 'submit it without --continue'],
  [/^submit with needs, so that only a runtime is chosen that can$/, 'ask for it with --needs when you submit a task'],
  [/^verify the log to see all damage, and /, 'runtime verify shows all damage; '],
  [/^check the options of `pi\(\)`/, 'check args of this runtime in the configuration'],
  [/^connect to it at \S+, or end it$/, 'runtime list speaks to it; to use this directory alone, end that process'],
  [/^ask for less at a time, with a limit$/, 'ask for less at a time: --limit'],
  [/^the first task makes it$/, 'runtime run "<prompt>" makes it'],
  [/^the first opening for writing creates it$/, 'runtime run "<prompt>" makes it'],
  [/^runtime run starts the first task$/, 'runtime run "<prompt>" starts the first task'],
  [
    /^check the disk, then (close the log and open it again|open the log again and read what is there)$/,
    'check the disk; the next command starts a new owner',
  ],
];

/** A hint in the words of the command line, as `spoken` says them here. */
export function spokenHint(hint: string, mount: Mount | undefined): string {
  const pattern = inCommands.find(([inCode]) => inCode.test(hint));
  return spoken(pattern ? hint.replace(...pattern) : hint, mount);
}

/**
 * A text as it is to be typed here: `runtime list` becomes `openclaw runtime list` where that is the name of the mount.
 * A clause, which ends with a semicolon or a full stop, is left out when it names a command that is not offered here.
 */
export function spoken(text: string, mount: Mount | undefined): string {
  if (mount === undefined) return text;
  const called = calledAs(mount.name);
  const clauses = text.replaceAll(called.anyName, () => mount.name).split(/(?<=[;.])(?=\s)/);
  const kept = clauses.filter((clause) => commandsIn(clause, called.command).every((name) => offers(mount, name)));
  return kept.length === clauses.length ? kept.join('') : kept.join('').replace(/;$/, '').trim();
}

interface Called {
  /** The name of the program where a command, or an option before it, follows. */
  readonly anyName: RegExp;
  /** A command behind the name of the mount. */
  readonly command: RegExp;
}

function calledAs(mountName: string): Called {
  const name = mountName.replaceAll(/[^\w\s]/g, String.raw`\$&`);
  const follows = String.raw`(?= (?:${[...commandNames, 'help', 'completion'].join('|')})(?![\w-])| <command>| --)`;
  return {
    // What is called by the name of the mount already keeps it, also where that ends with `runtime`.
    anyName: new RegExp(String.raw`(?<![\w/.-])(?:${name}|runtime)${follows}`, 'g'),
    command: new RegExp(String.raw`(?<![\w/.-])${name}(?: --data-dir (?:'[^']*'|\S+))? ([a-z-]+)`, 'g'),
  };
}

function commandsIn(clause: string, command: RegExp): CommandName[] {
  const words = [...clause.matchAll(command)].map(([, word]) => word);
  return commandNames.filter((name) => words.includes(name));
}
