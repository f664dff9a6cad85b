import type { z } from 'zod';

/** A path in a JSON document as people write it: `runtimes.pi.command[0]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[\w$]+$/.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text === '' ? '(the document)' : text;
}

/** One sentence per issue: its path and what was expected. At most ten. */
export function describeIssues(issues: readonly z.core.$ZodIssue[]): string[] {
  const sentences = issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${formatPath([...issue.path, key])} is not a known setting`);
    }
    // Of a name that is none, the issue itself says no more than that.
    const why = issue.code === 'invalid_key' ? issue.issues.map(({ message }) => message).join(', ') : issue.message;
    return [`${formatPath(issue.path)}: ${why}`];
  });
  return sentences.length > 10 ? [...sentences.slice(0, 10), `and ${sentences.length - 10} more`] : sentences;
}
