import { constants } from 'node:fs';
import { access, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { elfInterpreter, elfMachine, isBrokenElf } from './elf.ts';

/** How a program is looked for. */
export interface SearchPlace {
  readonly searchPath: string | undefined;
  readonly cwd: string;
}

/** The kernel reads this much of a file to find out how to execute it. */
const headBytes = 256;
/** The kernel follows this many interpreters of interpreters. */
const maxInterpreters = 4;

/**
 * Throws for a file that the system will refuse to execute although it is there and executable, and names both the file
 * and what is wrong: the interpreter of a script or of a binary that is not there (NOT_FOUND), a carriage return or a
 * byte order mark in the first line (NOT_FOUND), another processor or system, or bytes that are neither a script nor a
 * program (UNSUPPORTED). A file that cannot be read passes: it may be executable all the same.
 */
export async function checkExecutable(file: string, place: SearchPlace, depth = 0): Promise<void> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!handle) return;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const head = buffer.subarray(0, bytesRead);
    if (head.subarray(0, 2).toString('latin1') === '#!') await checkScript(file, head, place, depth);
    else if (head.subarray(0, 5).toString('latin1') === '\u00ef\u00bb\u00bf#!') {
      throw notThere(file, 'its first line begins with a byte order mark', 'save it without a byte order mark');
    } else await checkBinary(file, handle, head);
  } finally {
    await handle.close();
  }
}

async function checkScript(file: string, head: Buffer, place: SearchPlace, depth: number): Promise<void> {
  const [line = ''] = head.toString('utf8', 2).split('\n', 1);
  const words = line.split(/[ \t]+/).filter((word) => word !== '');
  const [interpreter] = words;
  if (interpreter === undefined) throw notThere(file, 'its first line names no interpreter', 'write one behind #!');
  if (line.endsWith('\r')) {
    const named = line.trim();
    const message = `its first line ends with a carriage return, so that its interpreter ${JSON.stringify(`${named}\r`)} is not there`;
    throw notThere(file, message, `save it with the line ends of Unix: sed -i 's/\\r$//' ${file}`);
  }
  const found = path.resolve(place.cwd, interpreter);
  await checkInterpreter(file, found, place, depth);
  if (path.basename(found) !== 'env') return;
  const program = envProgram(words.slice(1));
  if (program === undefined) return;
  if (!(await isOnPath(program, place))) {
    const searched = place.searchPath ?? '/usr/bin:/bin';
    throw notThere(
      file,
      `its interpreter ${program} is not on the PATH of the run`,
      `install ${program}, or add its directory to PATH; searched: ${searched}`,
    );
  }
}

async function checkInterpreter(file: string, interpreter: string, place: SearchPlace, depth: number): Promise<void> {
  const facts = await stat(interpreter).catch(() => undefined);
  if (!facts)
    throw notThere(
      file,
      `its interpreter ${interpreter} is not there`,
      `install ${interpreter}, or name another in the first line of ${file}`,
    );
  const isProgram =
    facts.isFile() &&
    (await access(interpreter, constants.X_OK).then(
      () => true,
      () => false,
    ));
  if (!isProgram) {
    throw new AgentRuntimeError(
      'PERMISSION_DENIED',
      `${file} cannot be executed: its interpreter ${interpreter} is no program`,
      {
        hint: `name another in the first line of ${file}, or make it executable`,
      },
    );
  }
  if (depth < maxInterpreters) await checkExecutable(interpreter, place, depth + 1);
}

/** The program that `env` looks up; undefined where that is not clear. */
function envProgram(words: readonly string[]): string | undefined {
  const rest = words.filter((word) => word !== '-S' && !/^[A-Za-z_]\w*=/.test(word));
  const [program] = rest;
  return program === undefined || program.startsWith('-') ? undefined : program.replace(/^-S/, '');
}

async function isOnPath(program: string, { searchPath, cwd }: SearchPlace): Promise<boolean> {
  const folders = program.includes('/') ? [''] : (searchPath ?? '/usr/bin:/bin').split(path.delimiter);
  for (const folder of folders) {
    const file = path.resolve(cwd, folder, program);
    const facts = await stat(file).catch(() => undefined);
    if (
      facts?.isFile() === true &&
      (await access(file, constants.X_OK).then(
        () => true,
        () => false,
      ))
    )
      return true;
  }
  return false;
}

async function checkBinary(file: string, handle: FileHandle, head: Buffer): Promise<void> {
  if (process.platform !== 'linux') return;
  const isWindows = head.subarray(0, 2).toString('latin1') === 'MZ';
  const machine = isWindows ? 'Windows' : elfMachine(head);
  if (machine !== undefined && !runsHere(machine) && !(await hasEmulator())) {
    const hint = `install the program for ${process.platform} ${process.arch}`;
    throw new AgentRuntimeError('UNSUPPORTED', `${file} cannot be executed: it is a program for ${machine}`, { hint });
  }
  if ((isBrokenElf(head) || isData(head)) && !(await hasEmulator())) {
    const what = isBrokenElf(head) ? 'it is no whole program' : 'it is neither a script nor a program';
    const hint = 'install it again, or begin a script with #!';
    throw new AgentRuntimeError('UNSUPPORTED', `${file} cannot be executed: ${what} (Exec format error)`, { hint });
  }
  const loader = await elfInterpreter(handle, head);
  if (
    loader === undefined ||
    (await stat(loader).then(
      () => true,
      () => false,
    ))
  )
    return;
  throw notThere(file, `its loader ${loader} is not there`, 'install the program for the C library of this system');
}

/** A NUL in the first line: what executes files as scripts that the kernel refuses takes it for no text either. */
function isData(head: Buffer): boolean {
  const [line = ''] = head.toString('latin1').split('\n', 1);
  return line.includes('\0') && !line.startsWith('\u007fELF');
}

/** A processor runs the programs of its smaller brother. */
const smaller: Readonly<Partial<Record<string, string>>> = { x64: 'ia32', arm64: 'arm' };
const runsHere = (machine: string): boolean => machine === process.arch || machine === smaller[process.arch];

/** The kernel is told to execute programs of other systems with some emulator. */
async function hasEmulator(): Promise<boolean> {
  const entries = await readdir('/proc/sys/fs/binfmt_misc').catch(() => []);
  return entries.some((entry) => entry !== 'register' && entry !== 'status');
}

const notThere = (file: string, why: string, hint: string): AgentRuntimeError =>
  new AgentRuntimeError('NOT_FOUND', `${file} cannot be executed: ${why}`, { hint, details: { program: file } });
