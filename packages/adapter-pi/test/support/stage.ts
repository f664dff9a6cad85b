import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMarked } from '@runtime/adapter-kit/process';
import { runPaths } from '@runtime/adapter-kit/run';
import { makeHandle, makeInstruction, makeLaunch } from '@runtime/conformance/adapter';
import { piAgent, type PiScript, type PiVersion } from '@runtime/conformance/scripted-agent';
import type { Instruction, InstructionMode } from '@runtime/contracts';
import type { Launch, RuntimeAdapter, RuntimeSession, SessionEvent } from '@runtime/contracts/adapter';
import { inject } from 'vitest';
import { pi, type PiOptions } from '../../src/index.ts';

/** A run on Pi's double, with all of its events. */
export class Stage implements AsyncDisposable {
  readonly dir: string;
  readonly adapter: RuntimeAdapter;
  readonly launch: Launch;
  readonly events: SessionEvent[] = [];
  #session: RuntimeSession | undefined;
  #failure: unknown;
  #over = false;

  private constructor(dir: string, adapter: RuntimeAdapter, launch: Launch) {
    this.dir = dir;
    this.adapter = adapter;
    this.launch = launch;
  }

  /** Not started yet. */
  static async set(script: PiScript, options: StageOptions = {}): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), 'adapter-pi-'));
    const { command } = piAgent(script, { version: options.version ?? '0.87' });
    const adapter = pi({ command, ...options.pi });
    const handle = { ...(await makeHandle(dir)), runtime: 'pi' };
    const env = { PI_CODING_AGENT_DIR: join(dir, 'agent'), ...options.launch?.env };
    return new Stage(dir, adapter, await makeLaunch(dir, handle, { ...options.launch, env }));
  }

  static async start(script: PiScript, options: StageOptions = {}): Promise<Stage> {
    const stage = await Stage.set(script, options);
    stage.use(await stage.adapter.start(stage.launch));
    return stage;
  }

  get session(): RuntimeSession {
    if (!this.#session) throw new Error('the run was not started');
    return this.#session;
  }

  get runDir(): string {
    return this.launch.handle.runDir;
  }

  /** Reads this session's events from now on, from their beginning. */
  use(session: RuntimeSession): void {
    this.#session = session;
    this.#over = false;
    this.events.length = 0;
    void this.#read(session);
  }

  /** Another owner takes over, as after our death. */
  async recover(): Promise<RuntimeSession> {
    const found = await this.adapter.recover(this.launch.handle);
    if (!('session' in found)) throw new Error(`recover answered ${found.status}`);
    this.use(found.session);
    return found.session;
  }

  async say(text: string, mode: InstructionMode = 'prompt'): Promise<Instruction> {
    const instruction = makeInstruction(text, { mode });
    await this.session.send(instruction);
    return instruction;
  }

  /** The first event that fits, now or later. */
  async until<T extends SessionEvent['type']>(type: T, nth = 1): Promise<Extract<SessionEvent, { type: T }>> {
    const deadline = performance.now() + 15_000 * inject('slowness');
    for (;;) {
      const found = this.all(type)[nth - 1];
      if (found) return found;
      if (this.#failure) throw this.#failure;
      if (this.#over || performance.now() > deadline) {
        throw new Error(`no ${type} number ${nth}: ${this.events.map((event) => event.type).join(' ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  all<T extends SessionEvent['type']>(type: T): Extract<SessionEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<SessionEvent, { type: T }> => event.type === type);
  }

  /** How far an instruction came, in order. */
  levels({ id }: Instruction): string[] {
    return this.events.flatMap((event) =>
      event.type.startsWith('instruction.') && 'instructionId' in event && event.instructionId === id
        ? [event.type.slice('instruction.'.length)]
        : [],
    );
  }

  text(): string {
    return this.all('text.delta')
      .map((event) => event.text)
      .join('');
  }

  /** What Pi wrote, as records. */
  async records(): Promise<Record<string, unknown>[]> {
    const text = await readFile(runPaths(this.runDir).stdout, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Record<string, unknown> => JSON.parse(line));
  }

  async processes(): Promise<number> {
    return (await findMarked(this.launch.handle.runId)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    await this.adapter.reap(this.launch.handle);
    await rm(this.dir, { recursive: true, force: true });
  }

  async #read(session: RuntimeSession): Promise<void> {
    try {
      for await (const batch of session.events()) if (this.#session === session) this.events.push(...batch.events);
      if (this.#session === session) this.#over = true;
    } catch (error) {
      this.#failure = error;
    }
  }
}

export interface StageOptions {
  readonly version?: PiVersion;
  readonly pi?: PiOptions;
  readonly launch?: Partial<Launch>;
}
