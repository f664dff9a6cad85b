/**
 * Hints of the libraries speak to programs as well. What they say in code, the command line says in commands; the first
 * pattern that fits decides.
 */
const spoken: readonly (readonly [inCode: RegExp, inCommands: string])[] = [
  [/^(.*): submit\(\{ continueOf \}\), runtime run --continue$/, '$1: runtime run "<text>" --continue <task>'],
  [/submit it without continueOf/, 'submit it without --continue'],
  [/^submit with needs, so that only a runtime is chosen that can$/, 'ask for it with --needs when you submit a task'],
  [/^verify the log to see all damage, and /, 'runtime verify shows all damage; '],
  [/^check the options of `pi\(\)`/, 'check args of this runtime in runtime.config.json'],
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

/** A hint in the words of the command line. */
export function spokenHint(hint: string): string {
  for (const [inCode, inCommands] of spoken) {
    if (inCode.test(hint)) return hint.replace(inCode, inCommands);
  }
  return hint;
}
