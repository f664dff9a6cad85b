import type { FileHandle } from 'node:fs/promises';

/** `e_machine`, by the names that Node has for processors. */
const machines: ReadonlyMap<number, string> = new Map([
  [3, 'ia32'],
  [8, 'mips'],
  [20, 'ppc'],
  [21, 'ppc64'],
  [22, 's390x'],
  [40, 'arm'],
  [62, 'x64'],
  [183, 'arm64'],
  [243, 'riscv64'],
  [258, 'loong64'],
]);

const isElf = (head: Buffer): boolean => head.length >= 64 && head.subarray(0, 4).toString('latin1') === '\u007fELF';
const isLittleEndian = (head: Buffer): boolean => head[5] === 1;

/** The processor that an ELF file is for; undefined for other files and for processors that are not known. */
export function elfMachine(head: Buffer): string | undefined {
  if (!isElf(head)) return undefined;
  return machines.get(isLittleEndian(head) ? head.readUInt16LE(18) : head.readUInt16BE(18));
}

/** The header of a 32-bit file; that of a 64-bit one is longer. */
const shortHeader = 52;
const longHeader = 64;
/** `e_type` of what can be executed: a program at a fixed place, or at any. */
const executables: ReadonlySet<number> = new Set([2, 3]);

/** Whether a file begins as an ELF file and is none that can be executed: its header is cut, or it is an object file. */
export function isBrokenElf(head: Buffer): boolean {
  if (head.subarray(0, 4).toString('latin1') !== '\u007fELF') return false;
  if (head.length < (head[4] === 1 ? shortHeader : longHeader)) return true;
  return !executables.has(isLittleEndian(head) ? head.readUInt16LE(16) : head.readUInt16BE(16));
}

const interpreterSegment = 3;
const maxSegments = 64;
const maxPathBytes = 4096;

/** The loader that a 64-bit ELF file names; undefined for a static one and for other files. */
export async function elfInterpreter(handle: FileHandle, head: Buffer): Promise<string | undefined> {
  if (!isElf(head) || !isLittleEndian(head) || head[4] !== 2) return undefined;
  const offset = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  const count = Math.min(head.readUInt16LE(56), maxSegments);
  if (size < 56 || offset > Number.MAX_SAFE_INTEGER) return undefined;
  const table = await readAt(handle, offset, size * count);
  for (let at = 0; at + 56 <= table.length; at += size) {
    if (table.readUInt32LE(at) !== interpreterSegment) continue;
    const length = Number(table.readBigUInt64LE(at + 32));
    if (length > maxPathBytes) return undefined;
    const text = await readAt(handle, Number(table.readBigUInt64LE(at + 8)), length);
    return text.toString('utf8').replace(/\0.*$/s, '') || undefined;
  }
  return undefined;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
