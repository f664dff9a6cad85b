import { readFileSync, statSync, type Stats } from 'node:fs';
import { readdir, open } from 'node:fs/promises';
import { AgentRuntimeError, systemCode } from '@runtime/contracts';

/** What /proc/<pid>/stat says. Linux only. */
export interface ProcStat {
  readonly pid: number;
  /** R, S, D, T, Z, X … */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Field 22: clock ticks after boot. With pid and boot id it names a process for good. */
  readonly startTime: string;
  /** A thread of the kernel, which is of no program. */
  readonly isKernel: boolean;
}

/** PF_KTHREAD. */
const kernelThread = 0x0020_0000;

/** Environments above this are not searched; the kernel's own limit for arguments and environment is 6 MiB. */
const maxEnvironBytes = 8 * 1024 * 1024;

/**
 * Synchronous on purpose: a proof is worth most right before the signal, and this file cannot block.
 * Throws UNAVAILABLE when it cannot look, for instance without a free descriptor: that is not a process that is gone.
 */
export function readStat(pid: number): ProcStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    return unlessBlind(pid, error); // no such process, or it vanished between open and read (ESRCH)
  }
  // The name in parentheses may hold spaces, line feeds and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return undefined;
  const isKernel = (Number(fields[6]) & kernelThread) !== 0;
  return { pid, state, parent: Number(parent), group: Number(group), session: Number(session), startTime, isKernel };
}

/**
 * What /proc has for this pid at the moment, told by `ino` and `ctimeMs`: another process that gets the pid later has
 * other ones. Undefined when nothing has it. /proc makes a node for each process and none twice; a node that the kernel
 * forgot for want of memory is made anew, so two may belong to one process. One system call, where `readStat` takes three
 * and the kernel longer.
 */
export function nodeOf(pid: number): Pick<Stats, 'ino' | 'ctimeMs'> | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false });
}

/** A zombie holds nothing but its exit status: it is dead. */
export function isDeadState(state: string): boolean {
  return state === 'Z' || state === 'X' || state === 'x';
}

/** All process ids there are at this moment. */
export async function listPids(): Promise<number[]> {
  const names = await readdir('/proc');
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

/**
 * The environment that a process was started with; undefined when the process is gone or belongs to another user.
 * Throws as `readStat`.
 * Asynchronous on purpose: it takes the process's memory lock and may wait for a process that is stuck in the kernel.
 */
export async function readEnviron(pid: number): Promise<Buffer | undefined> {
  try {
    const file = await open(`/proc/${pid}/environ`, 'r');
    try {
      const parts: Buffer[] = [];
      let size = 0;
      while (size < maxEnvironBytes) {
        const part = Buffer.allocUnsafe(size === 0 ? 16_384 : 131_072);
        const { bytesRead } = await file.read(part, 0, part.length, null);
        if (bytesRead === 0) break;
        parts.push(part.subarray(0, bytesRead));
        size += bytesRead;
      }
      return Buffer.concat(parts, size);
    } finally {
      await file.close();
    }
  } catch (error) {
    return unlessBlind(pid, error);
  }
}

/** This process is short of a resource; that proves nothing about the other one. */
const blind = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

function unlessBlind(pid: number, cause: unknown): undefined {
  if (!blind.has(systemCode(cause) ?? '')) return undefined;
  throw new AgentRuntimeError('UNAVAILABLE', `process ${pid} cannot be looked at`, { cause });
}
