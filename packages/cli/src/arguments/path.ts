import { usageError } from './usage-error.ts';

/** A path as it was given. An empty one comes from a variable that is not set, and means nothing. */
export function parsePath(text: string): string {
  if (text === '') throw usageError('the path is empty', 'name a file or a directory; . is the current directory');
  return text;
}
