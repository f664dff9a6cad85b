import { readFile } from 'node:fs/promises';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';
import { z } from 'zod';
import { isDeadState, readStat } from './proc.ts';
import { runProgram } from './run-program.ts';

const toolTimeoutMs = 5000;

/** Identifies a process for good: a later process with the same pid has another start time. */
export const processIdentitySchema = z.object({
  pid: z.int().min(2),
  /** Opaque: clock ticks on Linux, the text of `ps -o lstart` elsewhere. Compare, never calculate. */
  startTime: z.string().min(1).max(100),
  bootId: z.string().min(1).max(100),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** Names an identity in a map, within a boot. */
export function identityKey({ pid, startTime }: Pick<ProcessIdentity, 'pid' | 'startTime'>): string {
  return `${pid}:${startTime}`;
}

let boot: Promise<string> | undefined;

/**
 * Identifies the running boot of this machine: it changes with every reboot. Read once per process. Throws UNAVAILABLE
 * where the system has none.
 */
export function bootId(): Promise<string> {
  boot ??= readBootId().catch((error: unknown) => {
    boot = undefined;
    throw new AgentRuntimeError('UNAVAILABLE', 'the boot id of this machine cannot be read', { cause: error });
  });
  return boot;
}

async function readBootId(): Promise<string> {
  if (process.platform === 'linux') return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
  const options = { env: process.env, timeoutMs: toolTimeoutMs };
  const { code, stdout, stderr } = await runProgram('sysctl', ['-n', 'kern.bootsessionuuid'], options);
  if (code !== 0) throw new AgentRuntimeError('UNAVAILABLE', `sysctl failed: ${stderr.trim().slice(0, 300)}`);
  return stdout.trim();
}

/**
 * The identity of a live process; undefined when no process has this pid, or only a zombie. Throws UNAVAILABLE when the
 * system cannot look.
 */
export async function readIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isInteger(pid) || pid < 2) return undefined;
  const startTime = process.platform === 'linux' ? linuxStartTime(pid) : await psStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime, bootId: await bootId() };
}

/**
 * True when the process is alive. False for a zombie, for another process under the same pid, and after a reboot.
 * Throws UNAVAILABLE when the system cannot look.
 */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.bootId !== (await bootId())) return false;
  const startTime = process.platform === 'linux' ? linuxStartTime(identity.pid) : await psStartTime(identity.pid);
  return startTime === identity.startTime;
}

/** What `isAlive` says, at once. False, too, where only that can tell. */
export function seemsAlive({ pid, startTime }: ProcessIdentity): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return linuxStartTime(pid) === startTime;
  } catch {
    return false;
  }
}

/**
 * True when a process with this pid was stopped, by SIGSTOP or a debugger: it answers nobody until it is continued.
 * False where the system does not say.
 */
export function isStopped(pid: number): boolean {
  const state = process.platform === 'linux' ? readStat(pid)?.state : undefined;
  return state === 'T' || state === 't';
}

/** True when a process group with this number has a process, a zombie included. */
export function hasGroup(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

function linuxStartTime(pid: number): string | undefined {
  const stat = readStat(pid);
  return stat && !isDeadState(stat.state) ? stat.startTime : undefined;
}

async function psStartTime(pid: number): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const args = ['-o', 'stat=,lstart=', '-p', String(pid)];
  const failed = (cause?: unknown): AgentRuntimeError =>
    new AgentRuntimeError('UNAVAILABLE', `ps could not look at process ${pid}`, { cause });
  const { code, stdout } = await runProgram('ps', args, { env, timeoutMs: toolTimeoutMs }).catch((cause: unknown) => {
    throw failed(cause);
  });
  // ps answers 1 for "no such process"; anything else is a failure to look.
  if (code === 1) return undefined;
  if (code !== 0) throw failed();
  const [state = '', ...rest] = stdout.trim().split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : rest.join(' ');
}

/**
 * Sends a signal after proving the identity once more. False when the process is gone, belongs to another user, or is
 * this process itself.
 */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (identity.pid < 2 || identity.pid === process.pid) return false;
  if (!(await isAlive(identity))) return false;
  // The await above resumed in a microtask: one more look without any gap, where a look is free.
  if (process.platform === 'linux' && linuxStartTime(identity.pid) !== identity.startTime) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false; // ESRCH: just gone. EPERM: the process changed its user, and the next look at what is left finds it.
  }
}
