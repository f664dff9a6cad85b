import { realpath, stat } from 'node:fs/promises';
import { buildEnvironment } from '@runtime/adapter-kit/run';
import {
  AgentRuntimeError,
  messageWithHint,
  systemCode,
  type ErrorCode,
  type FailedOutcome,
  type TaskSpec,
} from '@runtime/contracts';

/** With these codes the environment file itself is wrong. */
const wrongFile: ReadonlySet<ErrorCode> = new Set(['NOT_FOUND', 'PERMISSION_DENIED', 'INVALID_ARGUMENT']);
/** With these codes there is no workspace any more, or none that can be reached. */
const noWorkspace: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES']);

/**
 * What makes every start of a task fail, whatever its runtime: then the task ends instead of trying them all. Throws
 * what may be of the moment, as want of file descriptors. `workspace` is where it works once it has a worktree.
 */
export async function taskFault(spec: TaskSpec, workspace = spec.workspace): Promise<FailedOutcome | undefined> {
  const place = await directoryAt(workspace);
  if (place === undefined) return fault(`The workspace does not exist any more: ${workspace}`);
  // It was recorded by its real path, which its lease goes by.
  if (place !== workspace) return fault(`The workspace ${workspace} leads to ${place} now: submit it again`);
  const { file } = spec.env ?? {};
  if (file === undefined) return undefined;
  return buildEnvironment({ base: {}, file }).then(
    () => undefined,
    (thrown: unknown) => {
      const error = AgentRuntimeError.from(thrown);
      if (!wrongFile.has(error.code)) throw thrown;
      return fault(`The environment file cannot be used: ${messageWithHint(error)}`);
    },
  );
}

const fault = (message: string): FailedOutcome => ({ status: 'failed', code: 'invalid_request', message });

/** The real path of a directory; undefined where there is none. */
async function directoryAt(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isDirectory() ? real : undefined;
  } catch (thrown) {
    if (noWorkspace.has(systemCode(thrown))) return undefined;
    throw AgentRuntimeError.from(thrown, 'UNAVAILABLE');
  }
}
