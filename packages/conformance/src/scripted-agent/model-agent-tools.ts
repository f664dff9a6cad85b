import { spawn } from 'node:child_process';
import { mkdir, open, realpath } from 'node:fs/promises';
import { constants } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** A tool of the model agent. */
export interface AgentTool {
  /** The declaration, as in a chat-completions request. */
  readonly declaration: unknown;
  /** Resolves with the result for the model. Throws with a reason for the model. */
  run(args: unknown): Promise<string>;
}

const maxOutput = 50_000;
const bashTimeoutMs = 600_000;

/** The tools by name. */
export const tools: ReadonlyMap<string, AgentTool> = new Map([
  ['write', { declaration: declare('write', 'Write a file in the workspace', ['path', 'content']), run: write }],
  ['bash', { declaration: declare('bash', 'Run a command with sh', ['command']), run: bash }],
]);

function declare(name: string, description: string, keys: readonly string[]): unknown {
  const properties = Object.fromEntries(keys.map((key) => [key, { type: 'string' }]));
  return {
    type: 'function',
    function: { name, description, parameters: { type: 'object', properties, required: keys } },
  };
}

async function write(args: unknown): Promise<string> {
  const path = textOf(args, 'path');
  const content = textOf(args, 'content');
  const workspace = await realpath(process.cwd());
  const target = resolve(workspace, path);
  assertInside(workspace, target, path);
  // The nearest folder that exists is checked before mkdir, which would follow a link and make folders outside.
  assertInside(workspace, await realpath(await nearestFolder(dirname(target))), path);
  await mkdir(dirname(target), { recursive: true });
  const file = join(await realpath(dirname(target)), basename(target));
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW);
  try {
    await handle.writeFile(content);
  } finally {
    await handle.close();
  }
  return `Successfully wrote to ${path}`;
}

async function nearestFolder(folder: string): Promise<string> {
  try {
    await realpath(folder);
    return folder;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return nearestFolder(dirname(folder));
  }
}

function assertInside(workspace: string, path: string, shown: string): void {
  const way = relative(workspace, path);
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))
    throw new Error(`${shown} is outside the workspace`);
}

async function bash(args: unknown): Promise<string> {
  const child = spawn('sh', ['-c', textOf(args, 'command')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: bashTimeoutMs,
  });
  let output = '';
  let cut = false;
  const keepTail = (text: string): void => {
    output += text;
    if (output.length <= maxOutput) return;
    output = output.slice(-maxOutput);
    cut = true;
  };
  child.stdout.setEncoding('utf8').on('data', keepTail);
  child.stderr.setEncoding('utf8').on('data', keepTail);
  const ending = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `\n[${signal ?? `exit code ${code}`}]`));
  });
  return `${cut ? '[earlier output is left out]\n' : ''}${output}${ending}`;
}

function textOf(args: unknown, key: string): string {
  const value: unknown =
    typeof args === 'object' && args !== null ? Object.entries(args).find(([name]) => name === key)?.[1] : undefined;
  if (typeof value !== 'string') throw new Error(`the argument ${key} is missing`);
  return value;
}
