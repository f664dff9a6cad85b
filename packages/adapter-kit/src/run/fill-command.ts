/**
 * What the templates `{prompt}`, `{promptFile}` and `{workspace}` are filled with; one that has no value stays as it
 * is.
 */
export interface CommandValues {
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly workspace?: string;
}

const templates = /\{(prompt|promptFile|workspace)\}/g;

/**
 * The command with its templates filled, each argument by itself: nothing is split, quoted or read by a shell, and what
 * was put in is not looked at again.
 * A prompt that begins with a dash gets a blank before it where it begins an argument, so that no program takes it for
 * an option; behind an argument `--` it stays as it is.
 */
export function fillCommand(command: readonly string[], values: CommandValues): string[] {
  const optionsEnd = command.indexOf('--');
  return command.map((argument, index) => {
    const filled = argument.replace(templates, (whole, name: keyof CommandValues) => values[name] ?? whole);
    const asOption = argument.startsWith('{prompt}') && filled.startsWith('-');
    return asOption && !(optionsEnd >= 0 && optionsEnd < index) ? ` ${filled}` : filled;
  });
}
