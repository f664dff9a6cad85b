import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AgentRuntimeError } from '@runtime/contracts';
import type { PiScript, PiVersion } from './pi-script.ts';
import type { PlainScript } from './plain-script.ts';

/** How to start a scripted agent. */
export interface AgentCommand {
  /** The argument vector; the program is the absolute path of this Node. */
  readonly command: string[];
  /** Variables to add to its environment. */
  readonly env: Record<string, string>;
}

/** Linux allows 128 KiB in one argument. */
const maxScriptBytes = 100_000;

/**
 * An agent that does what a script says and speaks no protocol. It ignores arguments that are appended to the command;
 * `printSelf` shows them. A string is the path of a JSON file with the script; any other script travels in the
 * arguments. Throws INVALID_ARGUMENT for a script of more than 100000 bytes, which has to go into a file.
 */
export function plainAgent(script: PlainScript | string): AgentCommand {
  return { command: [...entry('plain-agent'), scriptArgument(script)], env: {} };
}

/** Options of `piAgent`. */
export interface PiAgentOptions {
  /** The release of Pi whose behaviour the double reproduces. @default '0.87' */
  readonly version?: PiVersion;
}

/**
 * A double of `pi`: append Pi's own arguments, such as `--mode rpc`, to the command.
 * A string is the path of a JSON file with the script. Throws INVALID_ARGUMENT for a script of more than 100000 bytes.
 */
export function piAgent(script: PiScript | string = {}, options: PiAgentOptions = {}): AgentCommand {
  const version = options.version ?? '0.87';
  return {
    command: [...entry('pi-agent/main'), '--version-like', version, '--script', scriptArgument(script)],
    env: {},
  };
}

/** Options of `modelAgent`. */
export interface ModelAgentOptions {
  /** The base URL of a chat-completions API, with `/v1`: the `url` of a `ModelServer`. */
  readonly url: string;
  /** The model that it asks for. @default 'fake-1' */
  readonly model?: string;
  /** The path of the file that holds the prompt. @default stdin, read to its end */
  readonly promptFile?: string;
}

/** A small agent that asks a model server, prints the answers and runs the tools `bash` and (in its cwd) `write`. */
export function modelAgent(options: ModelAgentOptions): AgentCommand {
  const prompt = options.promptFile === undefined ? [] : ['--prompt-file', options.promptFile];
  return {
    command: [...entry('model-agent'), '--url', options.url, '--model', options.model ?? 'fake-1', ...prompt],
    env: {},
  };
}

function scriptArgument(script: object | string): string {
  if (typeof script === 'string') return script;
  const text = JSON.stringify(script);
  if (Buffer.byteLength(text) <= maxScriptBytes) return text;
  throw new AgentRuntimeError('INVALID_ARGUMENT', 'the script is too long for an argument', {
    hint: 'Write it to a file and pass the path of the file.',
  });
}

/** The command that starts an entry: from sources it is beside this file, in a build below `dist/scripted-agent`. */
function entry(name: string): string[] {
  const source = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  if (import.meta.url.endsWith('.ts') && existsSync(source)) {
    return [process.execPath, '--conditions=@runtime/source', source];
  }
  const candidates = [`./${name}.js`, `./scripted-agent/${name}.js`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const built = candidates.find((path) => existsSync(path));
  if (built !== undefined) return [process.execPath, built];
  throw new AgentRuntimeError('NOT_FOUND', `the scripted agent ${name} is not beside ${import.meta.url}`, {
    hint: 'Build @runtime/conformance with its agent entries.',
  });
}
