import { AgentRuntimeError } from '@runtime/contracts';
import picomatch from 'picomatch';

const maxPatterns = 100;
const maxPatternChars = 1024;

/** A glob, taken apart. */
export interface Pattern {
  readonly text: string;
  /** The part before the first special character: a file, or a directory in which to look. */
  readonly base: string;
  readonly isGlob: boolean;
  readonly matches: (name: string) => boolean;
}

/**
 * Throws INVALID_ARGUMENT for what could name something outside of its directory. A name that begins with a dot is
 * matched only by a pattern that says the dot.
 */
export function parsePatterns(texts: readonly string[]): Pattern[] {
  if (texts.length > maxPatterns) throw refused(`${texts.length} patterns`, `give at most ${maxPatterns}`);
  return texts.map((text) => {
    const problem = problemOf(text);
    if (problem !== undefined) throw refused(JSON.stringify(text).slice(0, 200), problem);
    const { base, isGlob } = picomatch.scan(text.replace(/^\.\//, ''));
    return { text, base, isGlob, matches: picomatch(text.replace(/^\.\//, '')) };
  });
}

function problemOf(text: string): string | undefined {
  if (text === '' || text.length > maxPatternChars) return `a pattern has 1 to ${maxPatternChars} characters`;
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\\]/.test(text)) return 'a pattern has neither control characters nor backslashes';
  if (text.startsWith('/')) return 'a pattern is relative to the directory';
  if (text.split('/').includes('..')) return 'a pattern does not leave the directory';
  return undefined;
}

const refused = (what: string, hint: string): AgentRuntimeError =>
  new AgentRuntimeError('INVALID_ARGUMENT', `${what} cannot be looked for`, { hint });

/** The directories in which to look. One may be in another, which does not look into all that it has. */
export const basesOf = (patterns: readonly Pattern[]): string[] => [
  ...new Set(patterns.filter(({ isGlob }) => isGlob).map(({ base }) => base)),
];
