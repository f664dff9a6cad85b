// An agent that prints lines for as long as the file is there: `agent.mjs <file> <gapMs>`.
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const [, , file = '', gapMs = '0'] = process.argv;
for (let line = 0; existsSync(file); line += 1) {
  process.stdout.write(`line ${line}: ${'x'.repeat(100)}\n`);
  await setTimeout(Number(gapMs));
}
