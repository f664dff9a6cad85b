import { readIdentity, type ProcessIdentity } from '@runtime/adapter-kit/process';
import { cgroupPlace, currentPlacement, holderTools } from '@runtime/adapter-kit/run';
import { AgentRuntimeError } from '@runtime/contracts';
import { runMarker, type Launch } from '@runtime/contracts/adapter';
import { recorderCommand } from '../holder/holder-script.ts';
import type { TmuxSettings } from '../options.ts';
import type { LaunchRecord } from '../run-files.ts';
import { clientEnvironment, tmuxOnce, type TmuxCommand, type TmuxPlace } from './tmux-client.ts';

/** On a loaded machine still a hundred times more than a server needs to start. */
const startMs = 15_000;

/**
 * Starts the run's server with its holder, everything in one call: the recorder is attached before tmux reads a byte of
 * the pane.
 * Resolves with the server's process; undefined when it is gone already. Throws as `tmuxOnce`, UNAVAILABLE when tmux
 * refuses.
 */
export async function startServer(
  { handle }: Launch,
  settings: TmuxSettings,
  record: LaunchRecord,
): Promise<ProcessIdentity | undefined> {
  const environment = clientEnvironment();
  const { wrap } = await currentPlacement(environment);
  const target = `=${record.session}:`;
  const size = ['-x', String(settings.columns), '-y', String(settings.rows)];
  const input = settings.prompt === 'stdin' ? 'prompt' : 'terminal';
  const holder = [
    'bash',
    '-m',
    'holder.sh',
    handle.runId,
    record.nonce,
    String(settings.lingerSeconds),
    input,
    await cgroupPlace(handle),
    String(record.maxOutputBytes ?? ''),
    (await holderTools()).setpriv,
  ];
  const commands: readonly TmuxCommand[] = [
    ['start-server'],
    ['set-option', '-s', 'escape-time', '10'],
    // An agent must not write into the clipboard of a person who joined.
    ['set-option', '-s', 'set-clipboard', 'off'],
    ['set-option', '-s', 'extended-keys', 'on'],
    ['set-option', '-g', 'history-limit', '10000'],
    ['set-option', '-g', 'allow-rename', 'off'],
    ['new-session', '-d', '-s', record.session, ...size, ...holder],
    ['pipe-pane', '-t', target, recorderCommand(record.maxOutputBytes)],
    ['display-message', '-p', '#{pid}'],
  ];
  const place: TmuxPlace = { record, runDir: handle.runDir };
  const env = { ...(wrap.length > 0 ? serviceEnvironment() : {}), ...environment, [runMarker]: handle.runId };
  const answer = await tmuxOnce(place, commands, { env, wrap, timeoutMs: startMs });
  const pid = Number(answer.stdout);
  if (answer.code !== 0 || !Number.isInteger(pid)) {
    throw new AgentRuntimeError('UNAVAILABLE', `tmux could not start: ${answer.stderr.trim().slice(0, 500)}`);
  }
  return readIdentity(pid);
}

/** How `systemd-run --user` finds its manager. */
function serviceEnvironment(): Record<string, string> {
  const bus = process.env['DBUS_SESSION_BUS_ADDRESS'];
  return bus === undefined ? {} : { DBUS_SESSION_BUS_ADDRESS: bus };
}
