import { needsSchema, type Needs } from '@runtime/contracts';
import { describeIssues } from './describe-issues.ts';
import { usageError } from './usage-error.ts';

const names = Object.keys(needsSchema.shape);

/** Parses `steer=delivered,followUp,inputs=text+image`. A name alone asks for the lowest level of the capability. */
export function parseNeeds(text: string): Needs {
  const entries = text.split(',').map((item) => item.trim());
  const written = entries.map((entry): [string, unknown] => {
    const [name, value] = splitOnce(entry, '=');
    if (!names.includes(name))
      throw usageError(`${JSON.stringify(name)} is not a capability`, `the capabilities are ${names.join(', ')}`);
    if (name === 'inputs') return [name, (value ?? 'text').split('+')];
    return [name, value ?? lowestLevel[name] ?? true];
  });
  const twice = written.find(([name], index) => written.findIndex((entry) => entry[0] === name) < index);
  if (twice) throw usageError(`${twice[0]} is asked for twice`);
  const parsed = needsSchema.safeParse(Object.fromEntries(written));
  if (!parsed.success) throw usageError(`--needs ${describeIssues(parsed.error.issues).join('; ')}`);
  return parsed.data;
}

/** The lowest level of the capabilities that have levels. */
const lowestLevel: Readonly<Record<string, string>> = { steer: 'unknown', resume: 'lossy', events: 'structured' };

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
