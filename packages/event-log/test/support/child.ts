import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** A fixture in a process of its own, killed when the test is over. */
export function startFixture(name: string, argument: string): ChildProcessWithoutNullStreams {
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@runtime/source', script, argument]);
  child.stderr.pipe(process.stderr);
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) await kill(child);
  });
  return child;
}

export async function kill(child: ChildProcessWithoutNullStreams): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Resolves when the child has printed this. */
export async function printed(child: ChildProcessWithoutNullStreams, text: string): Promise<void> {
  let output = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    if (output.includes(text)) return;
  }
  throw new Error(`the child ended after printing ${JSON.stringify(output)}`);
}

/** A directory that is removed when the test is over. */
export async function scratchDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'event-log-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}
