import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError, type ApprovalPolicy } from '@runtime/contracts';
import { policyAsks, type Launch } from '@runtime/contracts/adapter';
import { approvalExtension, policyText } from '../extension/approval-extension.ts';
import { agentVariables } from './agent-variables.ts';
import type { PiSettings } from '../options.ts';

/** How the agent is called. */
export interface PiCommand {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The command line and the environment of a run; writes into its directory what they refer to. `session`: the file to pick up. */
export async function prepareLaunch(
  settings: PiSettings,
  launch: Launch,
  session: string | undefined,
): Promise<PiCommand> {
  const { target, handle } = launch;
  const extension = policyAsks(launch.approvals) ? await writeExtension(handle.runDir, launch.approvals) : undefined;
  const agentDir = settings.isolate ? await isolatedAgentDir(handle.runDir, launch.env) : undefined;
  return {
    command: [
      ...settings.command,
      '--mode',
      'rpc',
      ...flag('--model', target.model),
      ...flag('--thinking', target.thinking),
      ...flag('--session', session),
      ...flag('-e', extension),
      ...(settings.extensions ? [] : ['-ne']),
      ...settings.args,
    ],
    env: {
      ...launch.env,
      ...agentVariables(settings),
      ...(agentDir === undefined ? {} : { PI_CODING_AGENT_DIR: agentDir }),
    },
  };
}

const flag = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [name, value]);

/** The extension and its policy, for this user's eyes alone. */
async function writeExtension(runDir: string, policy: ApprovalPolicy | undefined): Promise<string> {
  const folder = path.join(runDir, 'pi');
  const policyFile = path.join(folder, 'approval-policy.json');
  const extension = path.join(folder, 'runtime-approvals.js');
  try {
    await mkdir(folder, { mode: 0o700, recursive: true });
    if (policy) await writeFile(policyFile, policyText(policy), { mode: 0o600, flag: 'wx' });
    await writeFile(extension, approvalExtension(policyFile), { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
    // Another start of this run wrote its policy: it is not ours to change.
    throw new AgentRuntimeError('CONFLICT', 'this run was started already', { cause });
  }
  return extension;
}

/**
 * A directory of its own, where Pi keeps settings and sessions. The login is a link: a token that Pi renews stays renewed.
 * What the user does not have is left out.
 */
async function isolatedAgentDir(runDir: string, env: Readonly<Record<string, string>>): Promise<string> {
  const source = env['PI_CODING_AGENT_DIR'] ?? path.join(env['HOME'] ?? '/', '.pi', 'agent');
  const target = path.join(runDir, 'agent');
  await mkdir(target, { mode: 0o700, recursive: true }).catch((cause: unknown) => {
    throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
  });
  const unlessMissing = (cause: unknown): void => {
    if (codeOf(cause) !== 'ENOENT' && codeOf(cause) !== 'EEXIST') throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
  };
  for (const name of ['models.json', 'settings.json']) {
    await copyFile(path.join(source, name), path.join(target, name)).catch(unlessMissing);
  }
  await symlink(path.join(source, 'auth.json'), path.join(target, 'auth.json')).catch(unlessMissing);
  return target;
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
