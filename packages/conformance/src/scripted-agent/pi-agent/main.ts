#!/usr/bin/env node
// A double of Pi's RPC mode, without a model. It reproduces what was recorded of Pi 0.87.1, 0.73.1 and 1.5.2
// (`--version-like 0.87|0.73|1.5`).
//
// Reproduced, as recorded of all three releases unless one is named:
//   - the order and shape of events from the answer to `prompt` to agent_settled: parallel tools, retries, compaction,
//     steers and follow-ups one at a time;
//   - two prompts in flight lose the second, with a false agent_settled;
//   - before the answer to `prompt`, an abort does nothing and a new_session loses the prompt;
//   - `steer` and `follow_up` at rest report success and start nothing; they join the next run;
//   - an abort keeps the queue, except for one steer that an abort within a tool removes;
//   - an unanswered dialog blocks the run and the abort; a line `null` ends the process with 1;
//   - 0.73: no agent_settled, no id on errors for unknown commands, whole messages in every update, not streaming in
//     the delay of a retry, children left behind when stdin ends;
//   - 1.5: dispositions, agent_settled.aborted, durations, the session file at the first user message;
//   - the session file; resume by path, id and --continue; torn last lines; a new session for a wrong path;
//   - the exits of a wrong command line.
//
// Not reproduced: the bash, compact, fork, clone and switch_session commands, images, extension code, modes other than
// one-at-a-time, settings and models files, back-pressure.
import { readFileSync } from 'node:fs';
import type { PiScript } from '../pi-script.ts';
import { Leave, parsePiArguments } from './cli.ts';
import { handleLine } from './commands.ts';
import { createDialogs } from './dialogs.ts';
import { Lane } from './lane.ts';
import type { Pi } from './pi.ts';
import { createQueue } from './queue.ts';
import { createRules } from './rules.ts';
import { openSession } from './session.ts';
import { playStartup } from './startup.ts';
import { createToolChildren } from './tool-children.ts';
import { onLines, spoilRecords } from './wire.ts';

function readScript(source: string | undefined): PiScript {
  if (source === undefined) return {};
  return JSON.parse(source.trimStart().startsWith('{') ? source : readFileSync(source, 'utf8'));
}

async function main(): Promise<void> {
  const args = parsePiArguments(process.argv.slice(2), process.env);
  const script = readScript(args.script);
  spoilRecords(script.spoil ?? []);
  await playStartup(script.startup ?? {});
  const children = createToolChildren();
  const pi: Pi = {
    args,
    dialect: args.dialect,
    queue: createQueue(),
    dialogs: createDialogs(),
    children,
    stepsFor: createRules(script),
    session: openSession(args),
    sessionName: args.sessionName,
    isStreaming: false,
    isCompacting: false,
    lastAnswer: undefined,
    compactAfterRun: false,
  };
  const leave = (code: number): never => {
    children.killAll();
    process.exit(code);
  };
  process.once('SIGTERM', () => leave(143));
  process.once('SIGHUP', () => leave(129));
  // The reader of stdout has gone.
  process.stdout.on('error', () => leave(1));
  const lane = new Lane(pi);
  onLines(
    process.stdin,
    (line) => void handleLine(pi, lane, line).catch(fail),
    () => (args.dialect.orphansAtStdinEnd ? process.exit(0) : leave(0)),
  );
}

function fail(error: unknown): never {
  if (error instanceof Leave) {
    (error.code === 0 ? process.stdout : process.stderr).write(`${error.message}\n`);
    process.exit(error.code);
  }
  process.stderr.write(`pi-agent: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(70);
}

main().catch(fail);
