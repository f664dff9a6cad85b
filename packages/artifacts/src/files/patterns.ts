import { AgentRuntimeError, globSchema } from '@runtime/contracts';
import picomatch from 'picomatch';

const maxPatterns = 100;

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
    const problem = globSchema.safeParse(text).error?.issues[0]?.message;
    if (problem !== undefined) throw refused(JSON.stringify(text).slice(0, 200), problem);
    const { base, isGlob } = picomatch.scan(text.replace(/^\.\//, ''));
    return { text, base, isGlob, matches: picomatch(text.replace(/^\.\//, '')) };
  });
}

const refused = (what: string, hint: string): AgentRuntimeError =>
  new AgentRuntimeError('INVALID_ARGUMENT', `${what} cannot be looked for`, { hint });

/** The directories in which to look. One may be in another, which does not look into all that it has. */
export const basesOf = (patterns: readonly Pattern[]): string[] => [
  ...new Set(patterns.filter(({ isGlob }) => isGlob).map(({ base }) => base)),
];
