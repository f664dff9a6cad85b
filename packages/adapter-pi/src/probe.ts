import { currentDirectory, platformSupport } from '@runtime/adapter-kit/process';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import type { AgentRuntime, ProbeOptions, Unavailable } from '@runtime/contracts/adapter';
import { capabilitiesOf } from './capabilities.ts';
import type { PiSettings } from './options.ts';
import { installHint, piVersion } from './pi-version.ts';

/** Earlier versions may answer one prompt twice, so that no response proves anything. */
const oldest = [0, 67, 3];

function isTooOld(version: string): boolean {
  const [, ...found] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (found.length === 0) return false;
  const at = oldest.findIndex((part, index) => Number(found[index]) !== part);
  return at !== -1 && Number(found[at]) < (oldest[at] ?? 0);
}

/** As `RuntimeAdapter.probe`: runs `pi --version`, which opens no session and reaches no network. */
export async function probePi(settings: PiSettings, options: ProbeOptions = {}): Promise<AgentRuntime | Unavailable> {
  throwIfAborted(options.signal);
  const { id } = settings;
  const unavailable = (code: Unavailable['code'], reason: string, hint: string): Unavailable => ({
    status: 'unavailable',
    id,
    code,
    reason,
    hint,
  });
  if (!platformSupport().holder) {
    return unavailable(
      'UNSUPPORTED',
      'Runs that survive this process need a POSIX system',
      'use Linux, macOS or WSL, or another runtime',
    );
  }
  try {
    const { environment = process.env, signal } = options;
    const version = await piVersion(settings, environment, currentDirectory(), signal ? { signal } : {});
    if (!isTooOld(version)) return { status: 'available', id, version, capabilities: capabilitiesOf(settings) };
    return unavailable(
      'UNSUPPORTED',
      `Pi ${version} is older than ${oldest.join('.')}`,
      `update Pi: ${installHint.slice(12)}`,
    );
  } catch (cause) {
    throwIfAborted(options.signal);
    const error = AgentRuntimeError.from(cause, 'UNAVAILABLE');
    return unavailable(error.code, error.rawMessage, error.hint ?? installHint);
  }
}
