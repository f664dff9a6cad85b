import { policyAsks, type Launch } from '@runtime/contracts/adapter';
import { writeExtension } from '../extension/write-extension.ts';
import type { PiSettings } from '../options.ts';
import { isolateAgentDir } from './agent-dir.ts';

/** Writes the files that `piCommand` refers to into the run's directory. */
export async function writeLaunchFiles({ isolate }: PiSettings, { handle, env, approvals }: Launch): Promise<void> {
  if (approvals && policyAsks(approvals)) await writeExtension(handle.runDir, approvals);
  if (isolate) await isolateAgentDir(handle.runDir, env);
}
