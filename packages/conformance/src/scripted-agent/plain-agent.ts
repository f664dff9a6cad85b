#!/usr/bin/env node
// An agent without a protocol: it does what its script says, for tests of runtimes that only see stdout and an exit
// code.
//   plain-agent <script.json | JSON> [args…]    or the script as JSON in RUNTIME_SCRIPT
// It imports nothing but Node's own modules, because it has to start fast: a suite starts hundreds.
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildStep, PlainScript, PlainStep } from './plain-script.ts';

const gatePollMs = 5;

async function play(steps: PlainScript): Promise<void> {
  for (const step of steps) await playStep(step);
}

// One branch per shape of the union: splitting it would make it harder to read.
async function playStep(step: PlainStep): Promise<void> {
  if ('print' in step) return write(process.stdout, step.print);
  if ('printErr' in step) return write(process.stderr, step.printErr);
  if ('printBytes' in step) return write(process.stdout, Buffer.from(step.printBytes, 'base64'));
  if ('printEnv' in step) return write(process.stdout, `${process.env[step.printEnv] ?? '<unset>'}\n`);
  if ('printSelf' in step) return printSelf();
  if ('sleepMs' in step) return sleep(step.sleepMs);
  if ('hang' in step) return hang();
  if ('exit' in step) return process.exit(step.exit);
  if ('killSelf' in step) return killSelf(step.killSelf);
  if ('readStdinToEnd' in step) return readStdinToEnd(step.echo ?? false);
  if ('readLine' in step) return readLine(step.echo);
  if ('spawnChild' in step) return spawnChild(step.spawnChild);
  if ('ignoreTerm' in step) return void process.on('SIGTERM', () => {});
  if ('onSignal' in step) return void process.on(step.onSignal, () => void play(step.steps).catch(fail));
  if ('writeFile' in step) return writeFile(step.writeFile.path, step.writeFile.text);
  if ('touchFile' in step) return writeFile(step.touchFile, '');
  if ('appendLine' in step) return appendFileSync(step.appendLine.file, `${step.appendLine.text ?? process.pid}\n`);
  if ('flood' in step) return flood(step.flood.bytes, step.flood.to === 'stderr' ? process.stderr : process.stdout);
  if ('longLine' in step) return longLine(step.longLine.bytes);
  if ('waitForFile' in step) return waitForFile(step.waitForFile);
  if ('closeStdout' in step) return closeSync(1);
  if ('repeat' in step) {
    for (let round = 0; round < step.repeat.times; round += 1) await play(step.repeat.steps);
    return;
  }
  throw new Error(`no such step: ${JSON.stringify(step)}`);
}

function write(stream: NodeJS.WriteStream, data: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

function printSelf(): Promise<void> {
  const self = { pid: process.pid, cwd: process.cwd(), args: process.argv.slice(scriptFile === undefined ? 2 : 3) };
  return write(process.stdout, `${JSON.stringify(self)}\n`);
}

/** A timer keeps the process alive; a pending promise does not. */
function hang(): Promise<void> {
  return new Promise(() => setInterval(() => {}, 2 ** 30));
}

function killSelf(signal: NodeJS.Signals): Promise<void> {
  process.kill(process.pid, signal);
  return hang();
}

async function readStdinToEnd(echo: boolean): Promise<void> {
  for await (const part of process.stdin) if (echo) await write(process.stdout, part);
}

let stdinRest = '';
let stdinParts: NodeJS.AsyncIterator<Buffer> | undefined;

async function readLine(echo: string | undefined): Promise<void> {
  stdinParts ??= process.stdin[Symbol.asyncIterator]();
  while (!stdinRest.includes('\n')) {
    const part = await stdinParts.next();
    if (part.done === true) break;
    stdinRest += String(part.value);
  }
  const end = stdinRest.indexOf('\n');
  const line = end === -1 ? stdinRest : stdinRest.slice(0, end);
  stdinRest = end === -1 ? '' : stdinRest.slice(end + 1);
  if (echo !== undefined) await write(process.stdout, `${echo}${line}\n`);
}

async function spawnChild(step: ChildStep): Promise<void> {
  const trap = step.ignoreTerm === true ? `trap '' TERM; ` : '';
  // The pid stays the same over exec, and an ignored signal stays ignored.
  const body = `${trap}if [ -n "$1" ]; then echo $$ > "$1.tmp" && mv "$1.tmp" "$1"; fi; exec sleep "$2"`;
  const args = [step.pidFile ?? '', String(step.sleepMs / 1000)];
  const command = step.doubleFork === true ? `sh -c "$0" sh "$1" "$2" &` : body;
  const child = spawn(
    'sh',
    step.doubleFork === true ? ['-c', command, body, ...args] : ['-c', command, 'sh', ...args],
    {
      detached: step.setsid ?? false,
      stdio: step.holdOutput === true ? ['ignore', 'inherit', 'inherit'] : 'ignore',
      ...(step.clearEnv === true ? { env: { PATH: process.env['PATH'] ?? '' } } : {}),
    },
  );
  child.unref();
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  if (step.pidFile !== undefined) await waitForFile(step.pidFile);
}

function writeFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function flood(bytes: number, stream: NodeJS.WriteStream): Promise<void> {
  const line = `${'x'.repeat(79)}\n`;
  const block = line.repeat(800);
  for (let left = bytes; left > 0; left -= block.length)
    await write(stream, block.slice(0, Math.min(left, block.length)));
}

async function longLine(bytes: number): Promise<void> {
  const block = 'y'.repeat(64_000);
  for (let left = bytes; left > 0; left -= block.length) {
    await write(process.stdout, block.slice(0, Math.min(left, block.length)));
  }
  await write(process.stdout, '\n');
}

async function waitForFile(path: string): Promise<void> {
  while (!existsSync(path)) await sleep(gatePollMs);
}

function fail(error: unknown): never {
  process.stderr.write(`plain-agent: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(70);
}

// With the variable, all arguments belong to the agent: a runtime may append the prompt there.
const inline = process.env['RUNTIME_SCRIPT'];
const scriptFile = inline === undefined ? process.argv[2] : undefined;
try {
  if (inline === undefined && scriptFile === undefined) throw new Error('a script is needed: a file or RUNTIME_SCRIPT');
  const script: PlainScript = JSON.parse(
    inline ?? (scriptFile?.startsWith('[') ? scriptFile : readFileSync(scriptFile ?? '', 'utf8')),
  );
  play(script).then(() => process.exit(0), fail);
} catch (error) {
  fail(error);
}
