// What the documents take from the code: fails when a page has drifted, `--write` writes it.
import { readFile, writeFile } from 'node:fs/promises';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventRules } from '../packages/contracts/src/fold/event-rules.ts';
import { errorCodeSchema } from '../packages/contracts/src/base/errors.ts';
import { deltaTypes } from '../packages/contracts/src/events/session-events.ts';
import { planeEventSchemas, runtimeEventSchemas } from '../packages/contracts/src/events/plane-events.ts';
import { taskEventSchemas } from '../packages/contracts/src/events/task-events.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Page, name of the block in it, what belongs there. */
const blocks = [
  { page: 'README.md', name: 'example', content: exampleBlock },
  { page: 'docs/events.md', name: 'task events', content: taskEventsTable },
  { page: 'docs/events.md', name: 'other events', content: otherEventsTable },
];

async function main() {
  const check = !process.argv.includes('--write');
  const problems = [];
  const pages = new Map();
  for (const { page, name, content } of blocks) {
    const before = pages.get(page) ?? (await readFile(join(root, page), 'utf8'));
    const after = withBlock(before, name, await content());
    if (after === undefined) problems.push(`${page} has no block "${name}"`);
    else if (check && after !== before) problems.push(`${page}: the block "${name}" is not what the code says`);
    pages.set(page, after ?? before);
  }
  if (!check) for (const [page, text] of pages) await writeFile(join(root, page), text);
  const errors = await readFile(join(root, 'docs/errors.md'), 'utf8');
  for (const code of errorCodeSchema.options) {
    if (!errors.includes(`\n## ${code}\n`)) problems.push(`docs/errors.md has no heading ${code}`);
  }
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.stderr.write('pnpm docs:write writes what can be written\n');
  return problems.length === 0 ? 0 : 1;
}

/** The page with the text between the two comments of the block replaced; undefined when they are not there. */
function withBlock(page, name, content) {
  const [open, close] = [`<!-- from the code: ${name} -->\n`, `<!-- end: ${name} -->`];
  const [start, end] = [page.indexOf(open), page.indexOf(close)];
  if (start === -1 || end < start) return undefined;
  return `${page.slice(0, start + open.length)}${content.trim()}\n${page.slice(end)}`;
}

/** The region `readme` of the example, as it is compiled and run. */
async function exampleBlock() {
  const source = await readFile(join(root, 'examples/minimal-host/src/main.ts'), 'utf8');
  const region = /\/\/ #region readme\n([\s\S]*?)\/\/ #endregion/.exec(source)?.[1];
  if (region === undefined) throw new Error('examples/minimal-host has no region "readme"');
  return `\`\`\`ts\n${region.trim()}\n\`\`\``;
}

function taskEventsTable() {
  const rows = Object.entries(eventRules).map(
    ([type, { follows }]) =>
      `| \`${type}\` | ${follows} | ${fieldsOf(taskEventSchemas[type])} | ${acknowledgement(type)} |`,
  );
  return ['| event | must follow | carries | acknowledged |', '|---|---|---|---|', ...rows].join('\n');
}

function otherEventsTable() {
  const rows = (schemas, stream) =>
    Object.entries(schemas).map(([type, schema]) => `| \`${type}\` | \`${stream}\` | ${fieldsOf(schema)} |`);
  return [
    '| event | stream | carries |',
    '|---|---|---|',
    ...rows(runtimeEventSchemas, 'runtime/<id>'),
    ...rows(planeEventSchemas, 'plane'),
  ].join('\n');
}

const acknowledgement = (type) => (deltaTypes.has(type) ? 'written' : 'durable');

/** Fields beside the type and the stamp that all events of a run have. */
function fieldsOf(schema) {
  const names = Object.entries(schema?.shape ?? {})
    .filter(([name]) => !['type', 'runId', 'sourceCursor'].includes(name))
    .map(([name, field]) => (field.safeParse(undefined).success ? `${name}?` : name));
  return names.length === 0 ? '' : `\`${names.join('`, `')}\``;
}

process.exitCode = await main();
