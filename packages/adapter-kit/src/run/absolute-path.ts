import path from 'node:path';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The environment with absolute entries of `PATH`: a relative or empty one counts from `directory`. So it means the same
 * in a process that stands elsewhere.
 */
export function withAbsolutePath<E extends Variables>(environment: E, directory: string): E {
  const searchPath = environment['PATH'];
  if (searchPath === undefined) return environment;
  const entries = searchPath
    .split(path.delimiter)
    .map((entry) => (path.isAbsolute(entry) ? entry : path.resolve(directory, entry)));
  return { ...environment, PATH: entries.join(path.delimiter) };
}
