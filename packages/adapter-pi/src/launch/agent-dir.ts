import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { piRunFiles } from '../run-files.ts';
import { agentDirOf, contentOf } from './agent-files.ts';

/**
 * Makes a private agent directory for the run, where Pi keeps its settings and sessions. The login is a symbolic link,
 * so that a token which Pi renews is renewed for the user too. Files that the user does not have are left out.
 */
export async function isolateAgentDir(runDir: string, env: Readonly<Record<string, string>>): Promise<void> {
  const source = agentDirOf(env);
  const target = piRunFiles(runDir).agentDir;
  await mkdir(target, { mode: 0o700, recursive: true }).catch((cause: unknown) => {
    throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
  });
  const unlessMissing = (cause: unknown): void => {
    const code = systemCode(cause);
    if (code !== 'ENOENT' && code !== 'EEXIST') throw AgentRuntimeError.from(cause, 'UNAVAILABLE');
  };
  for (const name of ['models.json', 'settings.json']) {
    const file = path.join(source, name);
    const content = await contentOf(file);
    if (typeof content === 'object') await replaceFile(path.join(target, name), content);
    else if (content !== 'missing') throw unusable(file, content);
  }
  await symlink(path.join(source, 'auth.json'), path.join(target, 'auth.json')).catch(unlessMissing);
}

/** What the system cannot read now, it may read later; what is no file stays none. */
function unusable(file: string, why: string): AgentRuntimeError {
  const code = why.startsWith('cannot be read') ? 'UNAVAILABLE' : 'INVALID_ARGUMENT';
  return new AgentRuntimeError(code, `${file} ${why}`);
}
