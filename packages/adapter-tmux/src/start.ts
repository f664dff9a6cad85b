import { randomBytes } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { isAlive, readIdentity, type ProcessIdentity } from '@runtime/adapter-kit/process';
import {
  checkLaunch,
  currentPlacement,
  fillCommand,
  readExitRecord,
  replaceFile,
  resolveCommand,
  runPaths,
  writeNew,
} from '@runtime/adapter-kit/run';
import { watchChanges } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, instructionText, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { runMarker, type Launch } from '@runtime/contracts/adapter';
import { attachCommands } from './attach.ts';
import { endEverything } from './end.ts';
import { holderScript, recorderCommand } from './holder/holder-script.ts';
import { environmentItems, refuseBeyond } from './refusals.ts';
import type { TmuxSettings } from './options.ts';
import { readTmuxHolder, tmuxPaths, type Plan } from './run-files.ts';
import { runName, socketPath } from './server/socket-path.ts';
import { clientEnvironment, tmuxOnce, type TmuxCommand, type TmuxPlace } from './server/tmux-client.ts';

/** How long a holder may take to say who it is: on a loaded machine still a hundred times more than it needs. */
const beginMs = 15_000;

/**
 * Starts a run's server, its holder and its agent, exactly once for a run directory: whoever writes tmux.json has it.
 * Resolves once holder.json names the agent. After a throw nothing of it is left; OUTCOME_UNKNOWN when it had begun.
 */
export async function startRun(launch: Launch, settings: TmuxSettings, { signal }: CallOptions): Promise<Plan> {
  const { handle, workspace, instruction } = launch;
  refuseBeyond(launch);
  const text = instructionText(instruction.parts);
  const paths = tmuxPaths(handle.runDir);
  const values = { prompt: text, promptFile: paths.prompt, workspace };
  const filled = fillCommand(settings.command, values);
  await checkLaunch({ handle, command: filled, cwd: workspace });
  const environment = environmentItems(launch);
  const [name = '', ...rest] = filled;
  const command = [await resolveCommand(name, launch.env['PATH'], workspace), ...rest];
  const plan = await makePlan(launch, settings);
  throwIfAborted(signal);
  await takeRun(handle.runDir, plan);
  try {
    await writeFiles(launch, plan, { command, environment, text });
    throwIfAborted(signal);
    const server = await startServer(launch, settings, plan);
    await awaitHolder(launch, server, signal);
    return plan;
  } catch (error) {
    await endEverything(handle);
    throwIfAborted(signal);
    const failure = AgentRuntimeError.from(error, 'UNAVAILABLE');
    if (!(await hadBegun(handle.runDir))) throw failure;
    throw new AgentRuntimeError('OUTCOME_UNKNOWN', `the agent had begun, and was ended: ${failure.rawMessage}`, {
      cause: failure,
    });
  }
}

interface RunInput {
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly text: string;
}

async function writeFiles({ handle, workspace }: Launch, plan: Plan, input: RunInput): Promise<void> {
  const paths = tmuxPaths(handle.runDir);
  try {
    await Promise.all([
      writeNew(paths.script, holderScript, { mode: 0o700 }),
      writeNew(paths.command, nul(input.command)),
      writeNew(paths.environment, nul(input.environment)),
      writeNew(paths.workspace, nul([workspace])),
      writeNew(paths.prompt, input.text),
      writeNew(paths.notes, ''),
      replaceFile(paths.attach, `${JSON.stringify(attachCommands(plan))}\n`),
    ]);
  } catch (cause) {
    // The run is ours: what stands in the way of a file is not another start.
    throw new AgentRuntimeError('UNAVAILABLE', 'the files of the run cannot be written', { cause });
  }
}

/** Whether the agent may have executed anything: holder.json is there before it does. */
async function hadBegun(runDir: string): Promise<boolean> {
  return (await readTmuxHolder(runDir)) !== undefined && (await readExitRecord(runDir))?.began !== false;
}

async function makePlan({ handle, instruction }: Launch, settings: TmuxSettings): Promise<Plan> {
  const { prompt, submitKey, readyPattern } = settings;
  const name = await runName(handle.runDir);
  return {
    version: 1,
    tmux: await resolveCommand(settings.tmux, clientEnvironment()['PATH'], '/'),
    socket: await socketPath(name),
    session: `ar-${name}`,
    nonce: randomBytes(16).toString('hex'),
    prompt,
    instructionId: instruction.id,
    submitKey,
    ...(readyPattern === undefined ? {} : { readyPattern }),
  };
}

/** The plan is the right to try, the claim the right to begin: a run that recovery shut out has the second already. */
async function takeRun(runDir: string, plan: Plan): Promise<void> {
  if (
    await access(runPaths(runDir).claim).then(
      () => true,
      () => false,
    )
  ) {
    throw new AgentRuntimeError('CONFLICT', 'the run was started or shut out before', {
      hint: 'start a new run: a run directory is used once',
    });
  }
  await writeNew(tmuxPaths(runDir).plan, `${JSON.stringify(plan)}\n`);
}

/** Terminated, not separated: the shell reads item after item up to its NUL. */
function nul(items: readonly string[]): string {
  return items.map((item) => `${item}\0`).join('');
}

/** Everything in one call: the recorder is attached before tmux reads a byte of the pane. */
async function startServer(
  { handle }: Launch,
  settings: TmuxSettings,
  plan: Plan,
): Promise<ProcessIdentity | undefined> {
  const environment = clientEnvironment();
  const { wrap } = await currentPlacement(environment);
  const target = `=${plan.session}:`;
  const size = ['-x', String(settings.columns), '-y', String(settings.rows)];
  const input = settings.prompt === 'stdin' ? 'prompt' : 'terminal';
  const holder = ['bash', '-m', 'holder.sh', handle.runId, plan.nonce, String(settings.lingerSeconds), input];
  const commands: readonly TmuxCommand[] = [
    ['start-server'],
    ['set-option', '-s', 'escape-time', '10'],
    // An agent must not write into the clipboard of whoever looks on.
    ['set-option', '-s', 'set-clipboard', 'off'],
    ['set-option', '-s', 'extended-keys', 'on'],
    ['set-option', '-g', 'history-limit', '10000'],
    ['set-option', '-g', 'allow-rename', 'off'],
    ['new-session', '-d', '-s', plan.session, ...size, ...holder],
    ['pipe-pane', '-t', target, recorderCommand],
    ['display-message', '-p', '#{pid}'],
  ];
  const place: TmuxPlace = { plan, runDir: handle.runDir };
  const env = { ...(wrap.length > 0 ? serviceEnvironment() : {}), ...environment, [runMarker]: handle.runId };
  const answer = await tmuxOnce(place, commands, { env, wrap, timeoutMs: beginMs });
  const pid = Number(answer.stdout);
  if (answer.code !== 0 || !Number.isInteger(pid)) {
    throw new AgentRuntimeError('UNAVAILABLE', `tmux could not start: ${answer.stderr.trim().slice(0, 500)}`);
  }
  return readIdentity(pid);
}

/** How `systemd-run --user` finds its manager. */
function serviceEnvironment(): Record<string, string> {
  const bus = process.env['DBUS_SESSION_BUS_ADDRESS'];
  return bus === undefined ? {} : { DBUS_SESSION_BUS_ADDRESS: bus };
}

async function awaitHolder(
  { handle }: Launch,
  server: ProcessIdentity | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = performance.now() + beginMs;
  const changes = watchChanges(handle.runDir, 50);
  try {
    for (;;) {
      throwIfAborted(signal);
      const gone = server === undefined || !(await isAlive(server));
      if (await readTmuxHolder(handle.runDir)) {
        const ended = await readExitRecord(handle.runDir);
        if (ended && !ended.began) throw await notBegun(handle.runDir, 'the agent could not be executed');
        return;
      }
      if (gone) throw await notBegun(handle.runDir, 'the holder ended without beginning the agent');
      if (performance.now() > deadline)
        throw await notBegun(handle.runDir, `the holder did not begin within ${beginMs} ms`);
      await changes.next(signal);
    }
  } finally {
    changes.close();
  }
}

async function notBegun(runDir: string, what: string): Promise<AgentRuntimeError> {
  const { holderLog, shut } = runPaths(runDir);
  if (
    await access(shut).then(
      () => true,
      () => false,
    )
  ) {
    return new AgentRuntimeError('CONFLICT', 'this run was shut out', { hint: 'start a new run' });
  }
  const log = await readFile(holderLog, 'utf8').catch(() => '');
  return new AgentRuntimeError('UNAVAILABLE', `${what}${log === '' ? '' : `: ${log.trim().slice(-500)}`}`);
}
