import { checkLaunch, inspectRun, reapRun, refuseForeign, startHolder } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, instructionText, throwIfAborted } from '@runtime/contracts';
import {
  specVersion,
  type Launch,
  type RecoverOptions,
  type Recovery,
  type RuntimeAdapter,
  type RuntimeHandle,
  type RuntimeSession,
} from '@runtime/contracts/adapter';
import { commandLine } from './command-line.ts';
import { promptFile, readLaunchRecord, writeLaunchRecord, writePrompt } from './launch-record.ts';
import { localConfig, type LocalConfig, type LocalOptions } from './local-options.ts';
import { localCapabilities, localSession } from './local-session.ts';
import { probeCommand } from './probe.ts';

/**
 * A runtime that runs a command once for each run. The command is started under a holder that outlives this process: a killed owner loses nothing.
 * Throws INVALID_ARGUMENT for options that cannot be meant; whether the command is there, `probe` tells.
 */
export function local(options: LocalOptions): RuntimeAdapter {
  const config = localConfig(options);
  // For the sessions' information only: a run that another owner finds carries its own.
  let version = 'unknown';
  return {
    specVersion,
    id: config.id,
    async probe(options) {
      const found = await probeCommand(config, options);
      if (found.status === 'available') version = found.version;
      return found;
    },
    start: (launch, options) => start(config, launch, version, options?.signal),
    recover: (handle, options) => recover(config, handle, options),
    async reap(handle, options) {
      throwIfAborted(options?.signal);
      await reapRun(handle, options);
    },
  };
}

async function start(
  config: LocalConfig,
  launch: Launch,
  version: string,
  signal: AbortSignal | undefined,
): Promise<RuntimeSession> {
  throwIfAborted(signal);
  refuseForeign(launch.handle, config.id);
  refuseBeyond(launch);
  const { handle, workspace, env, secrets, instruction } = launch;
  const { runDir } = handle;
  const prompt = instructionText(instruction.parts);
  const command = commandLine(config.command, { prompt, workspace, promptFile: promptFile(runDir) });
  await checkLaunch({ handle, command, cwd: workspace });
  await writePrompt(runDir, config.prompt === 'argument' ? '' : prompt);
  await writeLaunchRecord(runDir, { version: 1, instructionId: instruction.id, agentVersion: version });
  await startHolder({
    handle,
    command,
    cwd: workspace,
    env,
    stdin: config.prompt === 'stdin' ? { kind: 'file', path: promptFile(runDir) } : { kind: 'none' },
    ...(signal ? { signal } : {}),
  });
  return localSession({ handle, instructionId: instruction.id, secrets }, version);
}

async function recover(config: LocalConfig, handle: RuntimeHandle, options: RecoverOptions = {}): Promise<Recovery> {
  throwIfAborted(options.signal);
  refuseForeign(handle, config.id);
  const found = await inspectRun(handle, options.signal ? { signal: options.signal } : {});
  if (found.state === 'absent') return { status: 'absent' };
  if (found.state === 'unknowable') return { status: 'unknowable', reason: found.reason };
  const record = await readLaunchRecord(handle.runDir);
  if (!record) return { status: 'unknowable', reason: 'the record of the launch is missing or damaged' };
  // A holder that died before it had a record had not executed the command yet.
  const began = found.state !== 'dead' || found.holder !== undefined;
  const run = { handle, instructionId: record.instructionId, secrets: options.secrets ?? [], began };
  return { status: found.state, session: localSession(run, record.agentVersion) };
}

function refuseBeyond({ target, resume, instruction }: Launch): void {
  const asked = (['model', 'thinking', 'mode'] as const).find((name) => target[name] !== undefined);
  if (asked) throw unsupported(asked, "put it into the command's arguments");
  if (resume) throw unsupported('conversation to resume', 'start a new run');
  const part = instruction.parts.find(({ type }) => !localCapabilities.inputs.includes(type));
  if (part) throw unsupported(`input of type ${part.type}`, 'put it into a file of the workspace and name that');
}

function unsupported(what: string, hint: string): AgentRuntimeError {
  return new AgentRuntimeError('UNSUPPORTED', `a local command takes no ${what}`, { hint });
}
