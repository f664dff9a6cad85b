import { randomBytes } from 'node:crypto';
import { checkLaunch, fillCommand, isInPlace, refuseForeign, resolveCommand } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, instructionText, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Launch, RuntimeSession } from '@runtime/contracts/adapter';
import { endEverything } from './end.ts';
import { awaitHolder, hadBegun } from './holder/await-holder.ts';
import { environmentItems, writeLaunchFiles } from './holder/launch-files.ts';
import type { TmuxSettings } from './options.ts';
import { refuseBeyond } from './refusals.ts';
import { tmuxRunFiles, writeLaunchRecord, type LaunchRecord } from './run-files.ts';
import { runName, socketPath } from './server/socket-path.ts';
import { startServer } from './server/start-server.ts';
import { programPath } from './server/tmux-client.ts';
import { openSession } from './tmux-session.ts';

/** As `RuntimeAdapter.start`. Resolves once the agent has its instruction: with `paste` that is once it was typed. */
export async function startTmux(
  settings: TmuxSettings,
  launch: Launch,
  call: CallOptions = {},
): Promise<RuntimeSession> {
  throwIfAborted(call.signal);
  const { handle, secrets, instruction } = launch;
  refuseForeign(handle, settings.id);
  refuseBeyond(launch);
  const record = await beginRun(settings, launch, call);
  try {
    const session = await openSession({ handle, record, secrets });
    if (await session.settleTyping()) {
      const readyMs = settings.readyTimeoutMs * (launch.patience ?? 1);
      await session.typeFirst(instructionText(instruction.parts), readyMs, call.signal);
    }
    throwIfAborted(call.signal);
    return session;
  } catch (error) {
    if (await isInPlace(handle)) await endEverything(handle);
    throw error;
  }
}

/**
 * Starts a run's server, its holder and its agent, exactly once for a run directory: the start that writes tmux.json
 * has it.
 * Resolves once holder.json names the agent. After a throw nothing of it is left; OUTCOME_UNKNOWN when it had begun.
 */
export async function beginRun(settings: TmuxSettings, launch: Launch, { signal }: CallOptions): Promise<LaunchRecord> {
  const { handle, workspace, env } = launch;
  const text = instructionText(launch.instruction.parts);
  const promptFile = tmuxRunFiles(handle.runDir).prompt;
  const filled = fillCommand(settings.command, { prompt: text, promptFile, workspace });
  await checkLaunch({ handle, command: filled, cwd: workspace });
  const environment = environmentItems(launch);
  const [name = '', ...args] = filled;
  const command = [await resolveCommand(name, env['PATH'], workspace), ...args];
  const record = await makeRecord(launch, settings);
  throwIfAborted(signal);
  await writeLaunchRecord(handle.runDir, record);
  try {
    await writeLaunchFiles(launch, { command, environment, text });
    throwIfAborted(signal);
    const server = await startServer(launch, settings, record);
    await awaitHolder(launch, server, signal);
    return record;
  } catch (error) {
    const failure = AgentRuntimeError.from(error, 'UNAVAILABLE');
    if (!(await isInPlace(handle))) {
      throw new AgentRuntimeError('OUTCOME_UNKNOWN', `the run directory is gone: ${failure.rawMessage}`, {
        cause: failure,
      });
    }
    await endEverything(handle);
    throwIfAborted(signal);
    if (!(await hadBegun(handle.runDir))) throw failure;
    throw new AgentRuntimeError('OUTCOME_UNKNOWN', `the agent had begun, and was ended: ${failure.rawMessage}`, {
      cause: failure,
    });
  }
}

/** Everything about the launch that a later owner must know, computed before anything is started. */
async function makeRecord(
  { handle, workspace, instruction, env, maxOutputBytes }: Launch,
  settings: TmuxSettings,
): Promise<LaunchRecord> {
  const { prompt, submitKey, readyPattern } = settings;
  const name = await runName(handle.runDir);
  return {
    version: 1,
    tmux: await resolveCommand(settings.tmux, programPath(env), workspace),
    socket: await socketPath(handle.runDir),
    session: `ar-${name}`,
    nonce: randomBytes(16).toString('hex'),
    prompt,
    instructionId: instruction.id,
    submitKey,
    notesTurn: true,
    ...(readyPattern === undefined ? {} : { readyPattern }),
    ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }),
  };
}
