import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryRuntime, type MemoryScript } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type ControlPlane } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { CliDependencies, TextSink } from '../../src/host/dependencies.ts';
import type { Machine } from '../../src/doctor/machine.ts';
import { exitCodeOf } from '../../src/exit-codes.ts';
import { nodePlanes } from '../../src/host/node-planes.ts';
import { runCli } from '../../src/run-cli.ts';

/** A stream that keeps its text. */
export class Sink implements TextSink {
  text = '';
  isTTY: boolean;
  columns = 120;
  #waiting: (() => void)[] = [];

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string | Uint8Array): boolean {
    this.text += typeof text === 'string' ? text : Buffer.from(text).toString();
    for (const check of this.#waiting) check();
    return true;
  }

  once(): void {}
  off(): void {}

  /** Resolves once the text holds this, so many times. */
  async holds(part: string, times = 1): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.text.split(part).length > times) resolve();
      };
      this.#waiting.push(check);
      check();
    });
  }
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document on stdout. */
  json(): unknown;
  /** The lines on stdout. */
  records(): unknown[];
}

export interface Running {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly ended: Promise<Result>;
  /** Sends a signal as the terminal would. */
  signal(name: string): void;
}

export const quietMachine: Machine = {
  platform: 'linux',
  nodeVersion: 'v24.0.0',
  firstLine: (command) => Promise.resolve(command === 'tmux' ? 'tmux 3.3a' : undefined),
  fileSystem: () => Promise.resolve({ type: 0xef53, freeBytes: 50 * 1024 ** 3 }),
  directory: () => Promise.resolve({ mode: 0o40700, uid: 1, ownUid: 1, isDirectory: true }),
  placement: () => Promise.resolve({ survivesHost: true, wrap: [] }),
  piFiles: () => Promise.resolve({ agentDir: '/home/me/.pi/agent', faults: [], providers: ['anthropic'] }),
  credentialNames: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY'],
};

function asSink(sink: TextSink): Sink {
  if (!(sink instanceof Sink)) throw new TypeError('a lab reads only from its own sinks');
  return sink;
}

/**
 * The command line over real planes, with a runtime in memory; the owner that a command would start lives in this
 * process.
 */
export class Lab implements AsyncDisposable {
  readonly root: string;
  readonly dataDir: string;
  readonly workspace: string;
  readonly #owners: ControlPlane[] = [];
  #adapters: readonly RuntimeAdapter[];
  overrides: Partial<CliDependencies> = {};
  started = 0;

  private constructor(root: string, script: MemoryScript | undefined) {
    this.root = root;
    this.dataDir = join(root, 'data');
    this.workspace = join(root, 'work');
    this.#adapters = [memoryRuntime(script === undefined ? {} : { script })];
  }

  static async open(script?: MemoryScript): Promise<Lab> {
    const lab = new Lab(await realpath(await mkdtemp(join(tmpdir(), 'cli-'))), script);
    await mkdir(lab.workspace);
    return lab.use(...lab.#adapters);
  }

  /** Configures these runtimes, in this order. */
  use(...adapters: readonly RuntimeAdapter[]): this {
    this.#adapters = adapters;
    const runtimes = Object.fromEntries(adapters.map(({ id }) => [id, { adapter: 'local', command: [id] }]));
    writeFileSync(join(this.root, 'runtime.config.json'), JSON.stringify({ runtimes }));
    return this;
  }

  /** The dependencies of a command in this lab. */
  dependencies(overrides: Partial<CliDependencies> = {}): CliDependencies {
    const planes = nodePlanes();
    const createAdapter = async (id: string): Promise<RuntimeAdapter> => {
      const found = this.#adapters.find((adapter) => adapter.id === id);
      if (!found) throw new Error(`the lab has no runtime ${id}`);
      return found;
    };
    return {
      version: '1.2.3',
      env: { PATH: '/usr/bin:/bin' },
      cwd: this.workspace,
      home: this.root,
      defaultDataDir: this.dataDir,
      stdin: (async function* () {})(),
      stdout: new Sink(),
      stderr: new Sink(),
      brokenPipe: new AbortController().signal,
      planes,
      createAdapter,
      startOwner: async ({ dataDir }) => {
        let failure: AgentRuntimeError | undefined;
        try {
          this.#owners.push(await planes.open({ dataDir, createAdapter, listen: false, version: '1.2.3' }));
          this.started += 1;
        } catch (thrown) {
          failure = AgentRuntimeError.from(thrown);
          // As the process of an owner does where the one before it still has the lock.
          if (failure.code !== 'CONFLICT') throw failure;
        }
        return {
          pid: process.pid,
          exitCode: () => failure && exitCodeOf(failure),
          failure: () => Promise.resolve(failure),
          logTail: () => Promise.resolve(''),
          logPath: 'owner.log',
        };
      },
      onSignal: () => () => {},
      ask: () => Promise.reject(new Error('no question is expected in this test')),
      runOnTerminal: () => Promise.reject(new Error('no terminal is expected in this test')),
      machine: quietMachine,
      exit: () => {},
      exitWithin: () => {},
      leaveWorkingDirectory: () => {},
      detachWindowMs: 50,
      ...this.overrides,
      ...overrides,
    };
  }

  start(args: readonly string[], overrides: Partial<CliDependencies> = {}): Running {
    const listeners = new Set<{ readonly names: readonly string[]; readonly listener: (name: string) => void }>();
    let exitCode: number | undefined;
    const deps = this.dependencies({
      onSignal(names, listener) {
        const entry = { names, listener };
        listeners.add(entry);
        return () => void listeners.delete(entry);
      },
      exit: (code) => (exitCode = code),
      ...overrides,
    });
    const ended = runCli(args, deps).then((code): Result => {
      if (code !== exitCode) throw new Error(`exit(${exitCode}) and ${code} differ`);
      const out = asSink(deps.stdout).text;
      const err = asSink(deps.stderr).text;
      const records = (): unknown[] =>
        out
          .split('\n')
          .slice(0, -1)
          .map((line): unknown => JSON.parse(line));
      return { code, stdout: out, stderr: err, json: () => JSON.parse(out) as unknown, records };
    });
    return {
      stdout: asSink(deps.stdout),
      stderr: asSink(deps.stderr),
      ended,
      signal(name) {
        for (const entry of listeners) if (entry.names.includes(name)) entry.listener(name);
      },
    };
  }

  run(...args: readonly string[]): Promise<Result> {
    return this.start(args).ended;
  }

  /** Closes the owners, as their death would; the next writing command starts another. */
  async closeOwners(): Promise<void> {
    await Promise.all(this.#owners.splice(0).map((owner) => owner.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const owner = this.#owners.at(-1);
    for (const view of (await owner?.tasks({ status: ['queued', 'running', 'waiting'] })) ?? []) {
      // It may have ended since it was listed.
      await owner
        ?.task(view.id)
        .cancel()
        .catch((error: unknown) => {
          if (AgentRuntimeError.from(error).code !== 'CONFLICT') throw error;
        });
      await owner?.task(view.id).outcome();
    }
    await this.closeOwners();
    await rm(this.root, { recursive: true, force: true });
  }
}
