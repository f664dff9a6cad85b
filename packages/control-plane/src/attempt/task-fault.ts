import { stat } from 'node:fs/promises';
import { buildEnvironment } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, type FailedOutcome, type TaskSpec } from '@runtime/contracts';

/** What makes every start of a task fail, whatever its runtime: then the task ends instead of trying them all. */
export async function taskFault(spec: TaskSpec): Promise<FailedOutcome | undefined> {
  if (!(await isDirectory(spec.workspace))) {
    return fault(`The workspace does not exist any more: ${spec.workspace}`);
  }
  const { file } = spec.env ?? {};
  if (file === undefined) return undefined;
  return buildEnvironment({ base: {}, file }).then(
    () => undefined,
    (thrown: unknown) => {
      const { rawMessage, hint } = AgentRuntimeError.from(thrown);
      return fault(`The environment file cannot be used: ${rawMessage}${hint === undefined ? '' : ` (${hint})`}`);
    },
  );
}

const fault = (message: string): FailedOutcome => ({ status: 'failed', code: 'invalid_request', message });

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
