const maxChars = 200;

/** A command as a person wrote it: of a shell that is given one, that one. */
export function commandText(command: readonly string[]): string {
  const [program, option, script, ...more] = command;
  const text = program === 'sh' && option === '-c' && more.length === 0 ? (script ?? '') : command.join(' ');
  return text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
}
