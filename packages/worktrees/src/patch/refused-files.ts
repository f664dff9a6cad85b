const sayings = [
  /^error: patch failed: (.+):\d+$/,
  /^error: (.+): (?:patch does not apply|already exists in .+|No such file or directory|does not (?:match|exist in) index|does not exist in .+|wrong type|has type .+|cannot read .+)$/,
  /^error: (?:invalid path|affected file) '(.+)'/,
  /^error: cannot apply binary patch to '(.+)' without/,
];

/** The files that `git apply` names when it refuses a patch. */
export function refusedFiles(stderr: string): string[] {
  const files = stderr.split('\n').flatMap((line) => {
    for (const saying of sayings) {
      const file = saying.exec(line)?.[1];
      if (file !== undefined) return [file];
    }
    return [];
  });
  return [...new Set(files)];
}
