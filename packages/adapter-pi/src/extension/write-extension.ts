import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeNew } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, type ApprovalPolicy } from '@runtime/contracts';
import { piRunFiles } from '../run-files.ts';
import { approvalExtension, policyText } from './approval-extension.ts';

/**
 * Writes the extension and its policy, readable by this user alone.
 * Throws CONFLICT when another start of this run wrote them, UNAVAILABLE when they cannot be written.
 */
export async function writeExtension(runDir: string, approvals: ApprovalPolicy): Promise<void> {
  const { extension, policy } = piRunFiles(runDir);
  await mkdir(path.dirname(extension), { mode: 0o700, recursive: true }).catch((cause: unknown) => {
    throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
  });
  await writeNew(policy, policyText(approvals));
  await writeNew(extension, approvalExtension(policy));
}
