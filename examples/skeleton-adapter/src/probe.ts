import { currentDirectory, runProgram } from '@runtime/adapter-kit/process';
import { resolveCommand } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import type { AgentRuntime, ProbeOptions, Unavailable } from '@runtime/contracts/adapter';
import { parrotCapabilities } from './capabilities.ts';
import type { ParrotSettings } from './options.ts';

/** As `RuntimeAdapter.probe`: an agent that is not there is an answer, not an error. */
export async function probeParrot(
  settings: ParrotSettings,
  call: ProbeOptions = {},
): Promise<AgentRuntime | Unavailable> {
  throwIfAborted(call.signal);
  const { id } = settings;
  try {
    return { status: 'available', id, version: await versionOf(settings, call), capabilities: parrotCapabilities };
  } catch (cause) {
    throwIfAborted(call.signal);
    const { code, rawMessage, hint } = AgentRuntimeError.from(cause, 'UNAVAILABLE');
    return { status: 'unavailable', id, code, reason: rawMessage, hint: hint ?? 'run `parrot --version` to see why' };
  }
}

async function versionOf(
  { command }: ParrotSettings,
  { environment = process.env, signal }: ProbeOptions,
): Promise<string> {
  const [name = '', ...args] = command;
  const program = await resolveCommand(name, environment['PATH'], currentDirectory());
  const limits = { env: environment, timeoutMs: 10_000, ...(signal ? { signal } : {}) };
  const { code, stdout } = await runProgram(program, [...args, '--version'], limits);
  return (code === 0 ? /^parrot (\d+\.\d+\.\d+)$/m.exec(stdout)?.[1] : undefined) ?? 'unknown';
}
