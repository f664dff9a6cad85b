import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError, systemCode, type ApprovalPolicy } from '@runtime/contracts';
import { piRunFiles } from '../run-files.ts';
import { approvalExtension, policyText } from './approval-extension.ts';

/** Writes the extension and its policy, readable by this user alone. Returns the path for Pi's `-e`. CONFLICT when the run has them already. */
export async function writeExtension(runDir: string, approvals: ApprovalPolicy): Promise<string> {
  const { extension, policy } = piRunFiles(runDir);
  try {
    await mkdir(path.dirname(extension), { mode: 0o700, recursive: true });
    await writeFile(policy, policyText(approvals), { mode: 0o600, flag: 'wx' });
    await writeFile(extension, approvalExtension(policy), { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
    // Another start of this run wrote its policy: it is not ours to change.
    throw new AgentRuntimeError('CONFLICT', 'this run was started already', { cause });
  }
  return extension;
}
