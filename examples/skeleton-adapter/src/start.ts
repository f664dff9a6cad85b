import { refuseForeign, startHolder } from '@runtime/adapter-kit/run';
import { instructionText, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Launch, RuntimeSession } from '@runtime/contracts/adapter';
import type { ParrotSettings } from './options.ts';
import { parrotSession } from './parrot-session.ts';
import { refuseBeyond } from './refusals.ts';
import { parrotRunFiles, writeLaunch } from './run-files.ts';

// #region skeleton-start
/** As `RuntimeAdapter.start`. Resolves once the holder has recorded the agent, which has its prompt by then. */
export async function startParrot(
  settings: ParrotSettings,
  launch: Launch,
  { signal }: CallOptions = {},
): Promise<RuntimeSession> {
  throwIfAborted(signal);
  const { handle, workspace, env, secrets, instruction, maxOutputBytes } = launch;
  refuseForeign(handle, settings.id);
  refuseBeyond(launch);
  const record = { version: 1, instructionId: instruction.id } as const;
  await writeLaunch(handle.runDir, instructionText(instruction.parts), record);
  await startHolder({
    handle,
    command: settings.command,
    cwd: workspace,
    env,
    stdin: { kind: 'file', path: parrotRunFiles(handle.runDir).prompt },
    ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }),
    ...(signal ? { signal } : {}),
  });
  return parrotSession({ handle, record, secrets, hasBegun: true });
}
// #endregion
