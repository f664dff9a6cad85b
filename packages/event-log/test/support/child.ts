import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** A fixture in a process of its own, killed when the test is over. */
export function startFixture(name: string, ...rest: string[]): ChildProcessWithoutNullStreams {
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@runtime/source', script, ...rest]);
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

/** The child as one that is told lines and says lines. */
export function linesOf(child: ChildProcessWithoutNullStreams) {
  let output = '';
  const ended = once(child, 'close');
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
    child.emit('said');
  });
  return {
    child,
    ended,
    output: () => output,
    write: (line: string) => child.stdin.write(`${line}\n`),
    /** Resolves with the first whole line that begins with one of these. */
    async said(...beginnings: string[]): Promise<string> {
      let over = false;
      void ended.then(() => (over = true));
      while (true) {
        const lines = output.split('\n').slice(0, -1);
        const line = lines.find((line) => beginnings.some((beginning) => line.startsWith(beginning)));
        if (line !== undefined) return line;
        if (over) throw new Error(`the child ended after printing ${JSON.stringify(output.slice(-2000))}`);
        await Promise.race([once(child, 'said'), ended]);
      }
    },
  };
}

/** A directory that is removed when the test is over. */
export async function scratchDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'event-log-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}
