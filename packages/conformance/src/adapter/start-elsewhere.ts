import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Play } from './stage.ts';
import { within } from './tape.ts';

/** Starts the run in another process and kills that process with SIGKILL as soon as the run has its instruction. */
export async function startElsewhere(module: string, play: Play, patienceMs: number): Promise<void> {
  const order = join(play.context.dir, 'order.json');
  await writeFile(order, JSON.stringify({ context: play.context, launch: play.launch }), { mode: 0o600 });
  const owner = spawn(process.execPath, ['--conditions=@runtime/source', starterPath(), module, order], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [owner.stdout, owner.stderr]) stream.on('data', (data) => (output += String(data)));
  const exited = new Promise<void>((resolve) => owner.once('exit', () => resolve()));
  try {
    await within(
      patienceMs,
      'waited for another process to start the run',
      async () => {
        while (!output.includes('started\n')) {
          // A process that a signal ended has no exit code.
          if (owner.exitCode !== null || owner.signalCode !== null)
            throw new Error(`the other process ended: ${output}`);
          await Promise.race([exited, new Promise((resolve) => owner.stdout.once('data', resolve))]);
        }
      },
      () => output,
    );
  } finally {
    owner.kill('SIGKILL');
    await exited;
  }
}

/** From sources the starter is beside this module; in a build it is below `dist/adapter`. */
function starterPath(): string {
  const name = `starter${extname(import.meta.url)}`;
  const candidates = [`./${name}`, `./adapter/${name}`].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not beside ${import.meta.url}: build it as an entry of its own`);
  return found;
}
