// Runs the examples, each in a directory of its own, and fails when one does: `pnpm examples [name...]`.
// The quickstart has a command of its own and is left out unless it is named.
// Pi is the real one of e2e/pi with a scripted model behind it, so that nothing is called and nothing is paid.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startModelServer } from '@runtime/conformance/model-server';
import { assertPiInstalled, makePiHome, pinnedPiBin } from '../e2e/pi/src/pinned-pi.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const patienceMs = 120_000;

/** What the model says in the examples that are not scripted themselves. */
const scenario = {
  rules: [
    {
      when: { lastRole: 'tool' },
      reply: { text: 'I wrote haiku.txt and signed it.\n' },
    },
    {
      reply: {
        text: 'Append, never erase; ',
        toolCalls: [
          {
            name: 'write',
            arguments: {
              path: 'haiku.txt',
              content: 'Append, never erase\nthe crash came and went again\nnothing was lost\n\nPi\n',
            },
          },
        ],
      },
    },
  ],
};

async function main() {
  assertPiInstalled();
  const names = process.argv.slice(2);
  const examples = names.length > 0 ? names : await allExamples();
  const folder = await mkdtemp(join(tmpdir(), 'examples-'));
  const server = await startModelServer({ scenario });
  const failed = [];
  try {
    const home = await makePiHome(join(folder, 'home'), server.url);
    const env = { ...home, PATH: `${dirname(pinnedPiBin)}${delimiter}${home['PATH']}` };
    for (const name of examples) {
      const began = performance.now();
      process.stdout.write(`\n---- ${name}\n`);
      const { code, output } = await run(
        join(root, 'examples', name, 'src', 'main.ts'),
        await mkdtemp(join(folder, `${name}-`)),
        env,
      );
      const promised = (await promisedOutput(name)) ?? output;
      const isKept = withoutIds(promised) === withoutIds(output);
      if (!isKept) process.stdout.write(`The README promises another output:\n${promised}`);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      process.stdout.write(
        `---- ${name}: ${code !== 0 ? `FAILED with ${code}` : isKept ? 'passed' : 'FAILED'} in ${seconds} s\n`,
      );
      if (code !== 0 || !isKept) failed.push(name);
    }
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
  process.stdout.write(`\n${examples.length - failed.length} passed, ${failed.length} failed\n`);
  return failed.length === 0 ? 0 : 1;
}

async function allExamples() {
  const entries = await readdir(join(root, 'examples'), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'quickstart')
    .map(({ name }) => name)
    .sort();
}

/** What the README shows as the output of an example, if it does. */
async function promisedOutput(name) {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  return readme.split(`<!-- output: ${name} -->\n\`\`\`\n`)[1]?.split('```')[0];
}

/** Every task has an id of its own. */
const withoutIds = (text) => text.replaceAll(/task-[0-9a-z]{26}/g, 'task-<id>');

function run(file, cwd, env) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(process.execPath, [file], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    child.once('error', () => resolve({ code: 127, output }));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? 128 + constants.signals[signal], output });
    });
  });
}

process.exitCode = await main();
