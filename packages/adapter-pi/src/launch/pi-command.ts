import { policyAsks, type Launch } from '@runtime/contracts/adapter';
import type { PiSettings } from '../options.ts';
import { piRunFiles } from '../run-files.ts';
import { agentVariables } from './agent-variables.ts';

/** The process to spawn. */
export interface PiCommand {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The command line and the environment of a run. They refer to the files that `writeLaunchFiles` writes.
 * `session` is the session file to resume.
 */
export function piCommand(settings: PiSettings, launch: Launch, session: string | undefined): PiCommand {
  const { target, handle } = launch;
  const { extension, agentDir } = piRunFiles(handle.runDir);
  return {
    command: [
      ...settings.command,
      '--mode',
      'rpc',
      ...flag('--model', target.model),
      ...flag('--thinking', target.thinking),
      ...flag('--session', session),
      ...flag('-e', policyAsks(launch.approvals) ? extension : undefined),
      ...(settings.extensions ? [] : ['-ne']),
      ...settings.args,
    ],
    env: {
      ...launch.env,
      ...agentVariables(settings),
      ...(settings.isolate ? { PI_CODING_AGENT_DIR: agentDir } : {}),
    },
  };
}

const flag = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [name, value]);
