// Holds the pages to the code: tables, examples and snippets. `--write` writes what can be written.
import { checkBlocks } from './blocks.ts';
import { checkSnippets } from './snippets.ts';

const write = process.argv.includes('--write');
const blocks = checkBlocks({ write });
const snippets = write ? [] : checkSnippets();

for (const problem of [...blocks, ...snippets]) process.stderr.write(`${problem}\n`);
if (blocks.length > 0) process.stderr.write('`pnpm docs:write` writes what can be written.\n');
if (blocks.length + snippets.length > 0) process.exitCode = 1;
