import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Params, Sample } from './contender.ts';
import type { Setting } from './options.ts';

type Reply = { ready: true } | { notThere: string } | { error: string } | { sample: Sample };

/** The same for all, or by name. */
type ParamsOf = Params | ((name: string) => Params);

function paramsOf(params: ParamsOf, name: string): Params {
  return typeof params === 'function' ? params(name) : params;
}

const alive = new Set<ChildProcess>();
let brokenOff = false;

/** Contenders in processes of their own, run in turn: A B A B. */
export class Contenders {
  /** Why those that were asked for are not here, by name. */
  readonly notThere = new Map<string, string>();
  readonly #children = new Map<string, ChildProcess>();
  readonly #setting: Setting;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(setting: Setting, env: NodeJS.ProcessEnv) {
    this.#setting = setting;
    this.#env = { ...process.env, ...env };
  }

  /** Starts them, each from its module. `env` is added to the environment of each. */
  static async start(
    setting: Setting,
    modules: Readonly<Record<string, URL>>,
    env: NodeJS.ProcessEnv = {},
  ): Promise<Contenders> {
    const contenders = new Contenders(setting, env);
    try {
      for (const [name, module] of Object.entries(modules)) await contenders.#start(name, module);
    } catch (error) {
      await contenders.close();
      throw error;
    }
    return contenders;
  }

  has(name: string): boolean {
    return this.#children.has(name);
  }

  /**
   * Every contender once per round, in their order, after a short round that does not count. Samples by name, in the
   * order of the rounds.
   */
  async rounds(params: ParamsOf, warmUp: ParamsOf = params, names = [...this.#children.keys()]): Promise<Samples> {
    const samples = new Samples(new Map(names.map((name) => [name, []])));
    for (const name of names) await this.#run(name, paramsOf(warmUp, name));
    for (let round = 0; round < this.#setting.rounds; round += 1) {
      for (const name of names) samples.add(name, await this.#run(name, paramsOf(params, name)));
    }
    return samples;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children.values()].map(end));
    this.#children.clear();
  }

  async #start(name: string, module: URL): Promise<void> {
    const dir = join(this.#setting.dir, name.replaceAll(/[^a-z0-9]+/gi, '-'));
    if (brokenOff) return forEver();
    await mkdir(dir, { recursive: true });
    if (brokenOff) return forEver();
    const child = fork(new URL('./child.ts', import.meta.url), [module.href, dir], {
      execArgv: [...this.#setting.execArgv],
      env: this.#env,
    });
    alive.add(child);
    child.once('exit', () => alive.delete(child));
    const answer = await reply(child, name);
    if ('notThere' in answer) this.notThere.set(name, answer.notThere);
    else this.#children.set(name, child);
  }

  async #run(name: string, params: Params): Promise<Sample> {
    const child = this.#children.get(name);
    if (!child) throw new Error(`${name} was not started`);
    child.send(params);
    const answer = await reply(child, name);
    if (!('sample' in answer)) throw new Error(`${name} answered ${JSON.stringify(answer)}`);
    return answer.sample;
  }
}

/** Lets it close what it has open, and waits until it is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  if (child.connected) child.disconnect();
  else child.kill();
  await exit;
}

/** Ends every contender there is: for a run that is broken off. Whoever waits for one waits for ever. */
export async function endAll(): Promise<void> {
  brokenOff = true;
  await Promise.all([...alive].map(end));
}

function forEver(): Promise<never> {
  return new Promise(() => undefined);
}

async function reply(child: ChildProcess, name: string): Promise<Reply> {
  const ended = new AbortController();
  const exited = once(child, 'exit', { signal: ended.signal }).then(([code, signal]) => {
    throw new Error(`${name} ended with ${code ?? signal}`);
  });
  exited.catch(() => undefined);
  const message = once(child, 'message', { signal: ended.signal });
  message.catch(() => undefined);
  try {
    const [answer] = (await Promise.race([message, exited])) as [Reply];
    if (brokenOff) return await forEver();
    if ('error' in answer) throw new Error(`${name}: ${answer.error}`);
    return answer;
  } catch (error) {
    if (brokenOff) return await forEver();
    throw error;
  } finally {
    ended.abort();
  }
}

/** What the rounds measured. */
export class Samples {
  readonly #byName: ReadonlyMap<string, Sample[]>;

  constructor(byName: ReadonlyMap<string, Sample[]>) {
    this.#byName = byName;
  }

  add(name: string, sample: Sample): void {
    this.#byName.get(name)?.push(sample);
  }

  /** One value per round; empty when there is no such contender. */
  values(name: string, key: string): number[] {
    return (this.#byName.get(name) ?? []).map((sample) => sample[key] ?? Number.NaN);
  }
}
