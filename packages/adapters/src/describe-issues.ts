import type { z } from 'zod';

const maxIssues = 5;

/** What does not fit, each with its place: `claude.command: expected …`. */
export function describeIssues({ issues }: z.ZodError): string {
  const sentences = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${placeOf([...issue.path, key])} is not a known setting`)
      : [issue.path.length === 0 ? issue.message : `${placeOf(issue.path)}: ${issue.message}`],
  );
  const more = sentences.length - maxIssues;
  return [...sentences.slice(0, maxIssues), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

const placeOf = (path: readonly PropertyKey[]): string => path.map(String).join('.');
