import { currentDirectory, platformSupport, runProgram } from '@runtime/adapter-kit/process';
import { resolveCommand } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { runMarker, type AgentRuntime, type ProbeOptions, type Unavailable } from '@runtime/contracts/adapter';
import { localCapabilities } from './capabilities.ts';
import type { LocalSettings } from './options.ts';

const versionTimeoutMs = 5000;
const maxVersionChars = 64 * 1024;

/** Looks for the command on the PATH that a run would have. */
export async function probeLocal(
  settings: LocalSettings,
  options: ProbeOptions = {},
): Promise<AgentRuntime | Unavailable> {
  throwIfAborted(options.signal);
  const { id } = settings;
  if (!platformSupport().holder) {
    const reason = 'runs that outlive their owner need a POSIX system';
    return { status: 'unavailable', id, code: 'UNSUPPORTED', reason, hint: 'use Linux, macOS or WSL' };
  }
  try {
    const { environment = process.env } = options;
    const program = await resolveCommand(settings.command[0] ?? '', environment['PATH'], currentDirectory());
    const version = await versionOf(program, settings.versionArgs, options);
    return { status: 'available', id, version, capabilities: localCapabilities };
  } catch (error) {
    throwIfAborted(options.signal);
    const { code, rawMessage, hint } = AgentRuntimeError.from(error, 'UNAVAILABLE');
    return { status: 'unavailable', id, code, reason: rawMessage, ...(hint === undefined ? {} : { hint }) };
  }
}

/** The first line that the command prints about its version; 'unknown' when it prints none, fails or takes too long. */
async function versionOf(program: string, args: readonly string[] | undefined, options: ProbeOptions): Promise<string> {
  if (!args) return 'unknown';
  const { environment = process.env, signal } = options;
  const { [runMarker]: _ours, ...env } = environment;
  try {
    const { code, stdout } = await runProgram(program, args, {
      env,
      timeoutMs: versionTimeoutMs,
      maxOutputBytes: maxVersionChars,
      ...(signal ? { signal } : {}),
    });
    const line = code === 0 ? (stdout.split('\n', 1)[0]?.trim() ?? '') : '';
    return line === '' ? 'unknown' : line.slice(0, 200);
  } catch {
    return 'unknown';
  }
}
