import { type PiScript, type PiVersion, piAgent } from '../../src/scripted-agent/index.ts';
import { type AgentProcess, startAgent, temporaryFolder } from './agent-process.ts';

export type Json = Record<string, unknown>;

export interface PiClient {
  readonly agent: AgentProcess;
  readonly folder: string;
  /** Every record on stdout so far. */
  records(): Json[];
  send(...commands: (Json | string)[]): void;
  /** The next record that matches, after the ones already waited for. */
  until(test: (record: Json) => boolean): Promise<Json>;
  untilType(type: string): Promise<Json>;
  /** Sends a command and waits for its response. */
  call(command: Json): Promise<Json>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PiClientOptions {
  readonly script?: PiScript;
  readonly version?: PiVersion;
  readonly args?: string[];
  /** A folder to share between processes; made and removed by whoever made it. */
  readonly folder?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export async function startPi(options: PiClientOptions = {}): Promise<PiClient> {
  const ownFolder = options.folder === undefined ? await temporaryFolder() : undefined;
  const folder = options.folder ?? ownFolder?.path ?? '';
  const agent = startAgent(piAgent(options.script, { version: options.version ?? '0.87' }), {
    cwd: folder,
    args: ['--mode', 'rpc', '--model', 'fake/fake-1', ...(options.args ?? [])],
    env: { PI_CODING_AGENT_DIR: `${folder}/agent`, ...options.env },
  });
  const records: Json[] = [];
  let rest = '';
  let next = 0;
  let wake = (): void => {};
  agent.child.stdout.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) records.push(JSON.parse(line));
    wake();
  });
  void agent.ended.then(() => wake());
  const until = async (test: (record: Json) => boolean): Promise<Json> => {
    for (;;) {
      for (; next < records.length;) {
        const record = records[next];
        next += 1;
        if (record !== undefined && test(record)) return record;
      }
      const { exitCode, signalCode } = agent.child;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`pi-agent has ended (${exitCode ?? signalCode}): ${agent.stderr()}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const send = (...commands: (Json | string)[]): void => {
    agent.child.stdin.write(
      commands.map((command) => `${typeof command === 'string' ? command : JSON.stringify(command)}\n`).join(''),
    );
  };
  return {
    agent,
    folder,
    records: () => records,
    send,
    until,
    untilType: (type) => until((record) => record['type'] === type),
    call: (command) => {
      send(command);
      return until(
        (record) =>
          record['type'] === 'response' &&
          (record['id'] === command['id'] || record['id'] === undefined) &&
          record['command'] === command['type'],
      );
    },
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]();
      await ownFolder?.[Symbol.asyncDispose]();
    },
  };
}
