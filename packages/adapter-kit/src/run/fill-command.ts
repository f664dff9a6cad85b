/**
 * The values of the templates `{prompt}`, `{promptFile}` and `{workspace}`; a template without a value stays as it is.
 */
export interface CommandValues {
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly workspace?: string;
}

const templates = /\{(prompt|promptFile|workspace)\}/g;

/**
 * Fills the templates of a command. Each argument stays one argument: nothing is split, quoted or read by a shell, and
 * templates inside a value are not filled.
 * A prompt that begins with a dash gets a space before it where it begins an argument, so that no program treats it as
 * an option; after an argument `--` it stays as it is.
 */
export function fillCommand(command: readonly string[], values: CommandValues): string[] {
  const optionsEnd = command.indexOf('--');
  return command.map((argument, index) => {
    const filled = argument.replace(templates, (whole, name: keyof CommandValues) => values[name] ?? whole);
    const asOption = argument.startsWith('{prompt}') && filled.startsWith('-');
    return asOption && !(optionsEnd >= 0 && optionsEnd < index) ? ` ${filled}` : filled;
  });
}
