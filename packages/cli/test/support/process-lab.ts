import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { killTree } from '@runtime/adapter-kit/process';
import { execa } from 'execa';
import { inject } from 'vitest';
import { nodePlanes } from '../../src/host/node-planes.ts';

/** What the processes of a lab have written so far: a test may begin to wait for it later. */
const written = new WeakMap<Readable, string>();

function execute(file: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  const cli = execa(file, args, {
    reject: false,
    stripFinalNewline: false,
    timeout: Math.round(50_000 * inject('slowness')),
    extendEnv: false,
    cwd,
    env,
  });
  for (const stream of [cli.stdout, cli.stderr]) {
    stream.on('data', (chunk: Buffer) => written.set(stream, (written.get(stream) ?? '') + chunk.toString()));
  }
  return cli;
}
export type Cli = ReturnType<typeof execute>;

/** The real command line, the one of `memory-main.ts`, or the host of `untouched-main.ts`. */
export type Program = 'main' | 'memory-main' | 'untouched-main';

/** The file of a program, bundled from the sources. */
export const programFile = (program: Program): string => join(inject('cliPrograms'), `${program}.cjs`);

/** The command line as processes, with their own data directory and sockets. */
export class ProcessLab implements AsyncDisposable {
  readonly root: string;
  readonly dataDir: string;
  readonly workspace: string;
  readonly env: Record<string, string>;
  readonly #main: string;

  private constructor(root: string, main: string) {
    this.root = root;
    this.dataDir = join(root, 'd');
    this.workspace = join(root, 'w');
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: root,
      XDG_RUNTIME_DIR: root,
      RUNTIME_DATA_DIR: this.dataDir,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
    };
    this.#main = main;
  }

  static async open(program: Program): Promise<ProcessLab> {
    const lab = new ProcessLab(await realpath(await mkdtemp(join(tmpdir(), 'clip-'))), programFile(program));
    await mkdir(lab.workspace);
    return lab;
  }

  start(...args: readonly string[]): Cli {
    return this.in(this.workspace).start(...args);
  }

  /** The command line in another directory, as seen from the workspace. */
  in(directory: string): { start(...args: readonly string[]): Cli } {
    const cwd = resolve(this.workspace, directory);
    return { start: (...args) => execute(process.execPath, [this.#main, ...args], cwd, this.env) };
  }

  /** Tells every later process of this lab, owners included, what it is. See `memory-main.ts`. */
  tell(what: { readonly version?: string; readonly diskFailsAt?: string }): Promise<void> {
    return writeFile(join(this.root, 'told.json'), JSON.stringify(what));
  }

  /** The command, piped into a shell's pipeline, after what is to be done before. */
  pipe(args: string, rest: string, before = 'true'): Cli {
    const script = `set -o pipefail; ${before}; "${process.execPath}" "${this.#main}" ${args} | ${rest}`;
    return execute('bash', ['-c', script], this.workspace, this.env);
  }

  /** A script for bash, in which `"${runtime[@]}"` is the command line. */
  shell(script: string): Cli {
    const runtime = `runtime=("${process.execPath}" "${this.#main}")`;
    return execute('bash', ['-c', `${runtime}\n${script}`], this.workspace, this.env);
  }

  /** The pid in owner.json. */
  async ownerPid(): Promise<number | undefined> {
    return (await nodePlanes().owner(this.dataDir))?.pid;
  }

  /** Cancels the tasks that still run, ends the owner and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const pid = await this.ownerPid();
    if (pid !== undefined && (await lives(pid))) {
      const { stdout } = await this.start('list', '--json', '--status', 'queued,running,waiting');
      for (const { id } of JSON.parse(stdout) as { id: string }[]) await this.start('cancel', id, '--wait');
      // A process of the test's own in the record may have ended meanwhile.
      if (await lives(pid)) await endProcess(pid);
    }
    // A test that failed half-way may leave a run without an owner.
    const runs = await readdir(join(this.dataDir, 'runs')).catch(() => []);
    for (const runId of runs) await killTree({ runId, graceMs: 0 });
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Whether the process is there and no zombie. */
export async function lives(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && stat[stat.lastIndexOf(')') + 2] !== 'Z';
}

export async function endProcess(pid: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  process.kill(pid, signal);
  for (let tries = 0; tries < 500 && (await lives(pid)); tries += 1) await sleep(20);
  if (await lives(pid)) throw new Error(`process ${pid} did not end at ${signal}`);
}

/** Resolves once what the process has written holds this; for one that no lab started, what it writes from now on. */
export function until(cli: Pick<Cli, 'stdout' | 'stderr'>, stream: 'stdout' | 'stderr', part: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = written.get(cli[stream]) ?? '';
    if (text.includes(part)) return resolve();
    // Listening beside execa: an iterable would close the pipe when it is left.
    cli[stream].on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(part)) resolve();
    });
    cli[stream].once('end', () => reject(new Error(`${stream} ended without ${JSON.stringify(part)}: ${text}`)));
  });
}
