import { inspectRun, refuseForeign } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Recovery, RecoverOptions, RuntimeHandle } from '@runtime/contracts/adapter';
import { capabilitiesOf } from './capabilities.ts';
import type { PiSettings } from './options.ts';
import { PiSession, type LiveParts } from './pi-session.ts';
import { PiOutput } from './read/pi-output.ts';
import { readVersion } from './run-files.ts';
import { PiInput } from './say/pi-input.ts';
import { Sending } from './say/sending.ts';
import { SentMarks } from './say/sent-marks.ts';

/** As `RuntimeAdapter.recover`: resolves once everything that Pi has written so far is read. */
export async function recoverPi(
  settings: PiSettings,
  handle: RuntimeHandle,
  options: RecoverOptions = {},
): Promise<Recovery> {
  const { signal, secrets = [] } = options;
  throwIfAborted(signal);
  refuseForeign(handle, settings.id);
  const call = signal ? { signal } : {};
  const found = await inspectRun(handle, call);
  if (found.state === 'absent') return { status: 'absent' };
  if (found.state === 'unknowable') return { status: 'unknowable', reason: found.reason };
  const output = new PiOutput(handle, { secrets });
  try {
    await output.catchUp(call);
    const version = await readVersion(handle.runDir);
    const live = found.state === 'live' ? await takeOver(settings, handle, output, call) : undefined;
    const capabilities = capabilitiesOf(settings);
    return {
      status: found.state,
      session: new PiSession({ handle, capabilities, version, secrets, output, live }),
    };
  } catch (error) {
    await output.close();
    throw error;
  }
}

/**
 * Takes over the input of a process that another owner started. Undefined if the process ends meanwhile; the session
 * then reads what it left.
 */
async function takeOver(
  settings: PiSettings,
  handle: RuntimeHandle,
  output: PiOutput,
  options: CallOptions,
): Promise<LiveParts | undefined> {
  const input = await PiInput.open(handle, output, options).catch((error: unknown) => {
    if (AgentRuntimeError.isInstance(error) && error.code === 'UNAVAILABLE') return undefined;
    throw error;
  });
  if (!input) return undefined;
  try {
    const tornBefore = output.tornLines;
    input.endTornLine();
    const marks = new SentMarks(handle.runDir);
    const sending = await Sending.open(input, output, marks, tornBefore);
    if (output.state.life.settles === undefined && (await marks.read()).size === 0) {
      // The first owner died before it asked. Nothing was sent, so the queue is empty and clearing it changes nothing.
      await input.ask('clear_queue', { ...options, timeoutMs: settings.startupMs });
    }
    return { input, sending };
  } catch (error) {
    await input.close();
    throw error;
  }
}
