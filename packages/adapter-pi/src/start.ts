import { checkLaunch, isInPlace, refuseForeign, resolveCommand, startHolder, stopRun } from '@runtime/adapter-kit/run';
import { abortable, AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Launch, RuntimeSession } from '@runtime/contracts/adapter';
import { capabilitiesOf } from './capabilities.ts';
import { awaitReady, refuseWithoutModel, whyNotReady } from './launch/await-ready.ts';
import { piCommand } from './launch/pi-command.ts';
import { sessionToResume } from './launch/resumed-session.ts';
import { writeLaunchFiles } from './launch/write-launch-files.ts';
import type { PiSettings } from './options.ts';
import { PiSession } from './pi-session.ts';
import { installHint, isThere, piVersion } from './pi-version.ts';
import { PiOutput } from './read/pi-output.ts';
import { refuseBeyond } from './refusals.ts';
import { writeVersion } from './run-files.ts';
import { PiInput } from './say/pi-input.ts';
import { Sending } from './say/sending.ts';
import { SentMarks } from './say/sent-marks.ts';

/** As `RuntimeAdapter.start`: resolves once Pi has answered its first command. */
export async function startPi(
  settings: PiSettings,
  launch: Launch,
  options: CallOptions = {},
): Promise<RuntimeSession> {
  throwIfAborted(options.signal);
  const { handle, workspace } = launch;
  refuseForeign(handle, settings.id);
  refuseBeyond(launch);
  await findProgram(settings, launch);
  const session = await sessionToResume(launch);
  const { command, env } = piCommand(settings, launch, session);
  // The plane may start a refused launch again, so nothing may be written for it.
  await checkLaunch({ handle, command, cwd: workspace });
  await writeLaunchFiles(settings, launch);
  const asking = new AbortController();
  const version = piVersion(settings, env, workspace, { signal: asking.signal }).catch(() => 'unknown');
  try {
    const limit = launch.maxOutputBytes === undefined ? {} : { maxOutputBytes: launch.maxOutputBytes };
    await startHolder({ handle, command, env, cwd: workspace, stdin: { kind: 'fifo' }, ...limit, ...options });
    return await firstSession(settings, launch, version, options);
  } finally {
    asking.abort();
  }
}

/** The session of a process that was just spawned. Ends the process if it fails. */
async function firstSession(
  settings: PiSettings,
  launch: Launch,
  version: Promise<string>,
  options: CallOptions,
): Promise<RuntimeSession> {
  const { handle, secrets } = launch;
  const output = new PiOutput(handle, { secrets });
  let input: PiInput | undefined;
  try {
    const startupMs = settings.startupMs * (launch.patience ?? 1);
    try {
      // A Pi that ends at once may be gone already.
      input = await PiInput.open(handle, output, options);
      await awaitReady(output, input, launch, startupMs, options);
    } catch (thrown) {
      throw await whyNotReady(thrown, output, launch, startupMs, options);
    }
    await refuseWithoutModel(output, launch);
    const found = await abortable(version, options.signal);
    await writeVersion(handle.runDir, found);
    const sending = await Sending.open(input, output, new SentMarks(handle.runDir), 0);
    throwIfAborted(options.signal);
    const capabilities = capabilitiesOf(settings);
    return new PiSession({ handle, capabilities, version: found, secrets, output, live: { input, sending } });
  } catch (error) {
    await input?.close();
    await output.close();
    if (await isInPlace(handle)) await stopRun(handle, { graceMs: 1000 });
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  }
}

/** A missing program is UNAVAILABLE here, because NOT_FOUND means a session that cannot be resumed. */
async function findProgram(settings: PiSettings, { env, workspace }: Launch): Promise<void> {
  try {
    await resolveCommand(settings.command[0] ?? '', env['PATH'], workspace);
  } catch (cause) {
    const error = AgentRuntimeError.from(cause, 'UNAVAILABLE');
    throw new AgentRuntimeError('UNAVAILABLE', error.rawMessage, {
      hint: isThere(error) && error.hint !== undefined ? error.hint : `${installHint}, or name it in \`command\``,
      cause,
    });
  }
}
