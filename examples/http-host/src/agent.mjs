// An agent that prints numbered lines for as long as the file `go-on` is in its workspace: `agent.mjs <gapMs>`.
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

for (let line = 0; existsSync('go-on'); line += 1) {
  process.stdout.write(`line ${line}\n`);
  await setTimeout(Number(process.argv[2]));
}
process.stdout.write('done\n');
