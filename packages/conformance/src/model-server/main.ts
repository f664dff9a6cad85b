#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { AgentRuntimeError } from '@runtime/contracts';
import { writeFileScenario } from './file-scenario.ts';
import type { ScenarioInput } from './scenario.ts';
import { startModelServer } from './server.ts';

const usage = `model-server: a scripted model behind the OpenAI chat-completions API

  --scenario <file>     a JSON scenario; - reads it from stdin
  --write-file <path>   the built-in demonstration: write this file, answer steers
  --text <text>         what the demonstration writes (hello)
  --steps <n>           chunks it streams first (40)
  --step-ms <n>         milliseconds between them (50)
  --port <n>            0 takes a free one (0)
  --until-stdin-ends    exit when stdin ends, as it does when the parent dies

Prints {"url":"http://127.0.0.1:<port>/v1"} when it listens. Exits on SIGTERM or SIGINT.
`;

const options = {
  scenario: { type: 'string' },
  'write-file': { type: 'string' },
  text: { type: 'string', default: 'hello' },
  steps: { type: 'string', default: '40' },
  'step-ms': { type: 'string', default: '50' },
  port: { type: 'string', default: '0' },
  'until-stdin-ends': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const scenario = await scenarioFrom(values);
  const server = await startModelServer({ scenario, port: wholeNumber('port', values.port) });
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
  await untilAskedToExit(values['until-stdin-ends']);
  await server.close();
  return 0;
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

async function scenarioFrom(values: Values): Promise<ScenarioInput> {
  if (values.scenario !== undefined) {
    // startModelServer checks it.
    return JSON.parse(values.scenario === '-' ? await readStdin() : await readFile(values.scenario, 'utf8'));
  }
  if (values['write-file'] !== undefined) {
    const steps = wholeNumber('steps', values.steps);
    const stepMs = wholeNumber('step-ms', values['step-ms']);
    return writeFileScenario({ path: values['write-file'], text: values.text ?? 'hello', steps, stepMs });
  }
  throw new AgentRuntimeError('INVALID_ARGUMENT', '--scenario or --write-file is needed');
}

async function readStdin(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}

function wholeNumber(name: string, text: string | undefined): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `--${name} takes a whole number, not ${text}`);
}

function untilAskedToExit(untilStdinEnds: boolean): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve());
    if (!untilStdinEnds) return;
    process.stdin.once('end', resolve).once('close', resolve).resume();
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`model-server: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
