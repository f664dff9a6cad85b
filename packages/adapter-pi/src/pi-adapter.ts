import { abortable } from '@runtime/contracts';
import { inspectRun, reapRun, resolveCommand, startHolder, stopRun } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { specVersion } from '@runtime/contracts/adapter';
import type { CallOptions } from '@runtime/contracts';
import type {
  Launch,
  Recovery,
  RecoverOptions,
  RuntimeAdapter,
  RuntimeHandle,
  RuntimeSession,
} from '@runtime/contracts/adapter';
import { prepareLaunch } from './launch/pi-command.ts';
import { settingsOf, type PiOptions, type PiSettings } from './options.ts';
import { piProviderVariables } from './provider-variables.ts';
import { PiInput } from './say/pi-input.ts';
import { PiSession } from './pi-session.ts';
import { capabilitiesOf, installHint, piVersion, probePi } from './probe.ts';
import { sessionToResume } from './launch/resumed-session.ts';
import { readVersion, writeVersion } from './run-files.ts';
import { Sending } from './say/sending.ts';
import { SentMarks } from './say/sent-marks.ts';
import { awaitReady } from './launch/await-ready.ts';
import { Watch } from './read/watch.ts';

/**
 * The Pi coding agent as a runtime: one `pi --mode rpc` per run, under a holder that outlives us, its stdin a FIFO and its stdout a file.
 *
 * - `start` resolves once Pi answers (20 s). A process that does not start throws with Pi's own words: INVALID_ARGUMENT (model, option, extension),
 *   UNAUTHENTICATED, UNAVAILABLE. A session that cannot be picked up is NOT_FOUND with `details.reason` before anything is spawned.
 * - A prompt that Pi refuses is `instruction.declined`; where nothing runs, a turn that failed at once goes with it, so that the run has an outcome.
 * - After `recover`, sending an instruction again is safe: Pi gets it at most once (see `send`).
 * - Turns end when Pi rests for good, not at `agent_end`; before 0.80.4 Pi is asked whether it rests.
 * - With an approval policy that asks, an extension of ours turns tool calls into dialogs.
 */
export function pi(options: PiOptions = {}): RuntimeAdapter {
  const settings = settingsOf(options);
  return {
    specVersion,
    id: settings.id,
    environment: piProviderVariables,
    probe: (call) => probePi(settings, call),
    start: (launch, call) => startPi(settings, launch, call),
    recover: (handle, call) => recoverPi(settings, handle, call),
    reap: async (handle, call) => {
      throwIfAborted(call?.signal);
      await reapRun(handle, call);
    },
  };
}

async function startPi(settings: PiSettings, launch: Launch, options: CallOptions = {}): Promise<RuntimeSession> {
  throwIfAborted(options.signal);
  const { handle, workspace, target } = launch;
  if (target.mode !== undefined) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `Pi has no mode ${target.mode}`, {
      hint: 'leave `mode` out of the target',
    });
  }
  await findProgram(settings, launch);
  const session = await sessionToResume(launch);
  const { command, env } = await prepareLaunch(settings, launch, session);
  const asking = new AbortController();
  const version = piVersion(settings, env, workspace, asking).catch(() => 'unknown');
  try {
    await startHolder({ handle, command, env, cwd: workspace, stdin: { kind: 'fifo' }, ...options });
    return await begun(settings, launch, version, options);
  } finally {
    asking.abort();
  }
}

/** The first words with a process that runs. After a throw it runs no more. */
async function begun(
  settings: PiSettings,
  launch: Launch,
  version: Promise<string>,
  options: CallOptions,
): Promise<RuntimeSession> {
  const { handle } = launch;
  const watch = new Watch(handle);
  let input: PiInput | undefined;
  try {
    input = await PiInput.open(handle, watch, options);
    await awaitReady(watch, input, launch, settings.startupMs, options);
    const said = await abortable(version, options.signal);
    await writeVersion(handle.runDir, said);
    const sending = await Sending.open(input, watch, new SentMarks(handle.runDir), 0);
    throwIfAborted(options.signal);
    return new PiSession({
      handle,
      capabilities: capabilitiesOf(settings),
      version: said,
      secrets: launch.secrets,
      watch,
      live: { input, sending },
    });
  } catch (error) {
    await input?.close();
    await watch.close();
    await stopRun(handle, { graceMs: 1000 });
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  }
}

/** Told apart from other missing things: a runtime that is not there is UNAVAILABLE. */
async function findProgram(settings: PiSettings, { env, workspace }: Launch): Promise<void> {
  try {
    await resolveCommand(settings.command[0] ?? '', env['PATH'], workspace);
  } catch (cause) {
    const error = AgentRuntimeError.from(cause, 'UNAVAILABLE');
    throw new AgentRuntimeError('UNAVAILABLE', error.rawMessage, {
      hint: `${installHint}, or name it in \`command\``,
      cause,
    });
  }
}

async function recoverPi(settings: PiSettings, handle: RuntimeHandle, options: RecoverOptions = {}): Promise<Recovery> {
  const { signal, secrets = [] } = options;
  throwIfAborted(signal);
  const call = signal ? { signal } : {};
  const found = await inspectRun(handle, call);
  if (found.state === 'absent') return { status: 'absent' };
  if (found.state === 'unknowable') return { status: 'unknowable', reason: found.reason };
  const watch = new Watch(handle);
  try {
    await watch.catchUp(call);
    const parts = {
      handle,
      capabilities: capabilitiesOf(settings),
      version: await readVersion(handle.runDir),
      secrets,
      watch,
    };
    if (found.state !== 'live') return { status: found.state, session: new PiSession({ ...parts, live: undefined }) };
    const live = await attach(settings, handle, watch, call);
    return { status: 'live', session: new PiSession({ ...parts, live }) };
  } catch (error) {
    await watch.close();
    throw error;
  }
}

async function attach(settings: PiSettings, handle: RuntimeHandle, watch: Watch, options: CallOptions) {
  // It may end in this very moment: then what follows finds out, and the session drains what it left.
  const input = await PiInput.open(handle, watch, options).catch((error: unknown) => {
    if (AgentRuntimeError.isInstance(error) && error.code === 'UNAVAILABLE') return undefined;
    throw error;
  });
  if (!input) return undefined;
  try {
    const tornBefore = watch.tornLines;
    input.endTornLine();
    const marks = new SentMarks(handle.runDir);
    const sending = await Sending.open(input, watch, marks, tornBefore);
    if (watch.state.life.settles === undefined && (await marks.read()).size === 0) {
      // Its first owner died before it had asked; nothing was sent, so that the queue is empty.
      await input.ask('clear_queue', { ...options, timeoutMs: settings.startupMs });
    }
    return { input, sending };
  } catch (error) {
    await input.close();
    throw error;
  }
}
