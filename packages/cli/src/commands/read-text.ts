import { constants, createReadStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { abortable, AgentRuntimeError, maxInstructionChars, throwIfAborted } from '@runtime/contracts';
import { usageError } from '../arguments/usage-error.ts';
import type { CliDependencies } from '../host/dependencies.ts';

/** Where the text of an instruction comes from, as typed: `-`, as either of them, is standard input. */
export interface TextSource {
  /** What the text is, for errors. */
  readonly name: 'prompt' | 'text';
  readonly argument: string | undefined;
  readonly file: string | undefined;
}

/** Reads the text of an instruction. Throws INVALID_ARGUMENT for one that is missing, empty, unreadable or too long. */
export async function readText(
  deps: CliDependencies,
  { name, argument, file }: TextSource,
  signal: AbortSignal,
): Promise<string> {
  if (argument !== undefined && file !== undefined && argument !== '-')
    throw usageError(`give the ${name} either as an argument or with --prompt-file`);
  const source = file ?? argument;
  if (source === undefined)
    throw usageError(`the ${name} is missing`, 'give it as an argument or with --prompt-file; - reads standard input');
  let text = source;
  if (source === '-') text = await readAll(deps.stdin, name, signal);
  else if (file !== undefined) text = await readTextFile(resolve(deps.cwd, file), name, signal);
  if (text.trim() === '') throw usageError(`the ${name} is empty`);
  if (text.length > maxInstructionChars) throw tooLong(name);
  return text;
}

async function readTextFile(path: string, name: string, signal: AbortSignal): Promise<string> {
  let source: Readable | undefined;
  try {
    source = await openText(path);
    return await readAll(source, name, signal);
  } catch (error) {
    if (AgentRuntimeError.isInstance(error) || signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new AgentRuntimeError('INVALID_ARGUMENT', `cannot read the ${name}: ${why}`, { cause: error });
  } finally {
    source?.destroy();
  }
}

/** A pipe is read as one: waiting for its writer in a file system call would block a thread that no signal ends. */
async function openText(path: string): Promise<Readable> {
  if (!(await stat(path)).isFIFO()) return createReadStream(path);
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  return new Socket({ fd, readable: true, writable: false });
}

async function readAll(source: AsyncIterable<Uint8Array | string>, name: string, signal: AbortSignal): Promise<string> {
  throwIfAborted(signal);
  const decoder = new TextDecoder();
  const chunks = source[Symbol.asyncIterator]();
  try {
    let text = '';
    for (;;) {
      const { done, value } = await abortable(chunks.next(), signal);
      if (done) return text + decoder.decode();
      text += typeof value === 'string' ? value : decoder.decode(value, { stream: true });
      if (text.length > maxInstructionChars) throw tooLong(name);
    }
  } finally {
    // Not awaited: it would wait behind a read that never ends.
    chunks.return?.()?.catch(() => undefined);
  }
}

function tooLong(name: string): AgentRuntimeError {
  return usageError(
    `the ${name} is longer than ${maxInstructionChars} characters`,
    `put the long part into a file in the workspace and name the file in the ${name}`,
  );
}
