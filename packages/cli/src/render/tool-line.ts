import { formatSeconds } from '../arguments/duration.ts';
import { sanitize, sanitizeLine } from '../sanitize.ts';
import type { Colours } from './output.ts';

/** The one argument by which most tools are told apart. */
const tellingArguments = ['command', 'cmd', 'path', 'file_path', 'filePath', 'pattern', 'query', 'url'];

/** A tool call on one line: `▸ bash npm test`. Sanitised. */
export function describeCall(name: string, input: unknown, c: Colours): string {
  const shown = describeInput(input);
  return `${c.cyan('▸')} ${c.bold(sanitizeLine(name, 60))}${shown === '' ? '' : ` ${c.dim(shown)}`}`;
}

function describeInput(input: unknown): string {
  if (input === undefined || input === null) return '';
  if (typeof input === 'object') {
    const entries = Object.entries(input);
    if (entries.length === 0) return '';
    const telling = entries.find(([name, value]) => tellingArguments.includes(name) && typeof value === 'string');
    if (telling) return sanitizeLine(String(telling[1]), 160);
  }
  return sanitizeLine(typeof input === 'string' ? input : (JSON.stringify(input) ?? ''), 160);
}

/** How a tool call ended. */
export interface ToolResult {
  /** Left out where nobody knows it. */
  readonly ok?: boolean;
  readonly output?: string;
  /** Of the tool, where it has to be told. */
  readonly name?: string;
  readonly ms?: number;
}

/** What a tool answered, on one line: its first line, how many more there are, and how long it took. Sanitised. */
export function describeResult({ ok, output, name, ms }: ToolResult, c: Colours): string {
  // Not the whole text: an output may have megabytes.
  const lines = sanitize((output ?? '').slice(0, 4096))
    .trim()
    .split('\n');
  const more = lines.length > 1 ? ` (+${lines.length - 1} lines)` : '';
  const first = sanitizeLine(lines[0] ?? '', 160);
  const parts = [
    name === undefined ? '' : sanitizeLine(name, 60),
    ms === undefined ? '' : formatSeconds(ms),
    first === '' && ok === false ? 'the tool failed' : `${first}${more}`,
    ok === undefined ? 'whether it worked is unknown' : '',
  ];
  const text = parts.filter((part) => part !== '').join(' · ');
  if (ok === undefined) return `  ${c.yellow('?')} ${text}`;
  return ok ? c.dim(`  ✓${text === '' ? '' : ` ${text}`}`) : `  ${c.red('✗')} ${text}`;
}
