import { isOverLimit, readTail, runPaths } from '@runtime/adapter-kit/run';
import { redactBytes, tailOf } from '@runtime/adapter-kit/source';
import type { RuntimeHandle } from '@runtime/contracts/adapter';

/** More than a check may print: its two files together. */
const maxFileBytes = 32 * 1024 * 1024;
/** What the agent is told of a long output is its end. */
const maxToldChars = 16 * 1024;

/** What a check printed, without secrets. */
export interface CheckOutput {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Nobody knows what to mask, so that nothing is shown. */
  readonly isLeftOut: boolean;
  /** It printed more than it may. */
  readonly isTooLong: boolean;
}

/** `secrets` undefined: nobody knows what to mask. */
export async function readOutput(handle: RuntimeHandle, secrets: readonly string[] | undefined): Promise<CheckOutput> {
  const paths = runPaths(handle.runDir);
  const read = async (path: string): Promise<Buffer> =>
    secrets === undefined ? Buffer.alloc(0) : redactBytes(await readTail(path, maxFileBytes), secrets);
  const [stdout, stderr, isTooLong] = await Promise.all([read(paths.stdout), read(paths.stderr), isOverLimit(handle)]);
  return { stdout, stderr, isLeftOut: secrets === undefined, isTooLong };
}

/** The end of what it printed, for the agent. */
export function toldOf({ stdout, stderr, isLeftOut }: CheckOutput): string {
  if (isLeftOut) return 'What it printed is left out: the values to mask in it are gone.';
  const parts = [stdout, stderr].map((bytes) => bytes.toString('utf8').trimEnd()).filter((text) => text !== '');
  if (parts.length === 0) return 'It printed nothing.';
  const text = parts.join('\n');
  if (text.length <= maxToldChars) return `It printed:\n\n${text}`;
  return `It printed ${text.length} characters, which end with:\n\n${tailOf(text, maxToldChars)}`;
}
