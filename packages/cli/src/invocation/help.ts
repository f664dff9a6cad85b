import type { Command, Help } from 'commander';
import { exitCodesHelp } from '../exit-codes.ts';
import type { Mount } from '../mount.ts';
import { cutLine, wrapLine } from '../render/fit.ts';
import { spoken } from '../render/spoken.ts';

/** The least width beside a term in which a description can be read. */
const minDescriptionWidth = 30;

/** A term and its description: side by side, or one below the other where the terminal is narrow. */
export function formatItem(term: string, termWidth: number, description: string, helper: Help): string {
  const width = helper.helpWidth ?? 80;
  if (description === '') return `  ${term}`;
  const beside = width - termWidth - 4;
  if (beside >= minDescriptionWidth) {
    const [first = '', ...rest] = wrapLine(description, beside, '').split('\n');
    return [`  ${term.padEnd(termWidth)}  ${first}`, ...rest.map((line) => `${' '.repeat(termWidth + 4)}${line}`)].join(
      '\n',
    );
  }
  const below = wrapLine(description, width - 6, '').split('\n');
  return [`  ${term}`, ...below.map((line) => `      ${line}`)].join('\n');
}

/** What follows the help of a command. */
export interface AfterHelp {
  readonly details?: string | undefined;
  /** Command lines without the name of the program. */
  readonly examples?: readonly string[] | undefined;
}

/** Adds text after the help, wrapped to the terminal, and examples of the command, each on its own line. */
export function addAfterHelp(
  command: Command,
  { details = '', examples = [] }: AfterHelp,
  mount: Mount | undefined,
  columns: () => number,
): void {
  command.addHelpText('after', () => {
    const width = columns();
    const told = spoken(details, mount);
    const parts = told === '' ? [] : [wrapLine(told, width, '')];
    const aliases = command.aliases();
    if (aliases.length > 0) parts.push(wrapLine(`Also called ${aliases.join(' and ')}.`, width, ''));
    const lines = exampleLines(examples, mount, width);
    if (lines.length > 0) parts.push(['Examples:', ...lines].join('\n'));
    return parts.length === 0 ? '' : `\n${parts.join('\n\n')}`;
  });
}

/** Without those of a command that is not offered here. */
function exampleLines(examples: readonly string[], mount: Mount | undefined, width: number): string[] {
  const lines = examples.map((example) => spoken(`runtime ${example}`, mount));
  return lines.filter((line) => line !== '').map((line) => wrapLine(`  ${line}`, width, '      '));
}

/** What follows the word `Usage:`. */
export function formatUsage(usage: string, width: number): string {
  return wrapLine(`Usage: ${usage}`, width).slice('Usage: '.length);
}

/**
 * The help for somebody who typed no command: its commands in their groups, each in a line. Of a command that only has
 * commands, its whole help, which is as short.
 */
export function shortHelp(command: Command, width: number): string {
  if (command.parent) return command.helpInformation();
  const helper = command.createHelp();
  const shown = helper.visibleCommands(command).filter((child) => child.name() !== 'help');
  const longest = Math.max(...shown.map((child) => child.name().length));
  const lines = [wrapLine(`Usage: ${command.name()} <command> [options]`, width)];
  let group = '';
  for (const child of shown) {
    if (child.helpGroup() !== group) {
      // The first one belongs to the usage.
      if (group !== '') lines.push('');
      group = child.helpGroup();
      lines.push(group);
    }
    // What follows the first clause is for the whole help.
    const [clause = ''] = child.description().split(/[;:,]/);
    lines.push(cutLine(`  ${child.name().padEnd(longest)}  ${clause}`, width));
  }
  const more = wrapLine(
    `More: ${command.name()} <command> --help, and ${command.name()} help for everything`,
    width,
    '',
  );
  return [...lines, '', more, ''].join('\n');
}

const firstSteps = ['doctor', 'run "fix the flaky test" --on pi', 'watch last'];

/** What follows the help of the whole program: exit codes and first steps. */
export function helpOfProgram(width: number, mount: Mount | undefined): string {
  const codes = exitCodesHelp.map(([code, meaning]) =>
    wrapLine(`  ${String(code).padEnd(3)}  ${meaning}`, width, '       '),
  );
  const examples = exampleLines(firstSteps, mount, width);
  return ['', 'Exit codes:', ...codes, ...(examples.length > 0 ? ['', 'Examples:', ...examples] : [])].join('\n');
}
