import { formatPath } from '../arguments/describe-issues.ts';

/** An object or a list that is open: where reading stands in it, and of an object its names so far. */
interface Open {
  readonly names: Set<string> | undefined;
  at: string | number;
  isBeforeName: boolean;
}

const token = /"(?:[^"\\]+|\\.)*"|[{}[\],:]/g;

/**
 * What is wrong with the first name in a JSON text that would be lost without a word: one that stands twice in an
 * object, of which `JSON.parse` keeps the last, and `__proto__`, which no schema keeps. Only for a text that is JSON.
 */
export function describeLostName(json: string): string | undefined {
  const open: Open[] = [];
  for (const [text] of json.matchAll(token)) {
    const inner = open.at(-1);
    if (text === '{') open.push({ names: new Set(), at: '', isBeforeName: true });
    else if (text === '[') open.push({ names: undefined, at: 0, isBeforeName: false });
    else if (text === '}' || text === ']') open.pop();
    else if (inner === undefined) continue;
    else if (text === ',' && typeof inner.at === 'number') inner.at += 1;
    else if (text === ',' || text === ':') inner.isBeforeName = text === ',';
    else if (inner.names && inner.isBeforeName) {
      const name: unknown = JSON.parse(text);
      inner.at = String(name);
      const path = (): string => formatPath(open.map(({ at }) => at));
      if (inner.at === '__proto__') return `${path()} cannot be a name`;
      if (inner.names.has(inner.at)) return `${path()} is there twice, and one would be ignored`;
      inner.names.add(inner.at);
    }
  }
  return undefined;
}
