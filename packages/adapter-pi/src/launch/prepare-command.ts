import { policyAsks, type Launch } from '@runtime/contracts/adapter';
import { writeExtension } from '../extension/write-extension.ts';
import type { PiSettings } from '../options.ts';
import { agentVariables } from './agent-variables.ts';
import { isolatedAgentDir } from './agent-dir.ts';

/** How the agent is called. */
export interface PiCommand {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The command line and the environment of a run; writes into its directory what they refer to. `session`: the file to pick up. */
export async function prepareCommand(
  settings: PiSettings,
  launch: Launch,
  session: string | undefined,
): Promise<PiCommand> {
  const { target, handle, approvals } = launch;
  const extension = approvals && policyAsks(approvals) ? await writeExtension(handle.runDir, approvals) : undefined;
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
