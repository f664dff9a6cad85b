import { checkLaunch, fillCommand, refuseForeign, startHolder } from '@runtime/adapter-kit/run';
import { instructionText, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Launch, RuntimeSession } from '@runtime/contracts/adapter';
import { localSession } from './local-session.ts';
import type { LocalSettings } from './options.ts';
import { refuseBeyond } from './refusals.ts';
import { localRunFiles, writeLaunchRecord, writePrompt } from './run-files.ts';

/** As `RuntimeAdapter.start`. Resolves once the holder has recorded the agent's process. */
export async function startLocal(
  settings: LocalSettings,
  launch: Launch,
  version: string,
  { signal }: CallOptions = {},
): Promise<RuntimeSession> {
  throwIfAborted(signal);
  const { handle, workspace, env, secrets, instruction } = launch;
  refuseForeign(handle, settings.id);
  refuseBeyond(launch);
  const prompt = instructionText(instruction.parts);
  const promptFile = localRunFiles(handle.runDir).prompt;
  const [program = '', ...args] = settings.command;
  // The program's own name is no template.
  const command = [program, ...fillCommand(args, { prompt, workspace, promptFile })];
  await checkLaunch({ handle, command, cwd: workspace });
  await writePrompt(handle.runDir, settings.prompt === 'argument' ? '' : prompt);
  await writeLaunchRecord(handle.runDir, { version: 1, instructionId: instruction.id, agentVersion: version });
  await startHolder({
    handle,
    command,
    cwd: workspace,
    env,
    ...(launch.maxOutputBytes === undefined ? {} : { maxOutputBytes: launch.maxOutputBytes }),
    stdin: settings.prompt === 'stdin' ? { kind: 'file', path: promptFile } : { kind: 'none' },
    ...(signal ? { signal } : {}),
  });
  return localSession({ handle, instructionId: instruction.id, secrets }, version);
}
