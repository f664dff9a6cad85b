import { usageError } from './usage-error.ts';

/** The path of a directory as it was given. An empty one comes from a variable that is not set, and means nothing. */
export function parseDirectory(text: string): string {
  if (text === '') throw usageError('the path after --workspace is empty', 'name a directory: --workspace .');
  return text;
}
