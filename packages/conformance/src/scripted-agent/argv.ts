import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AgentRuntimeError } from '@runtime/contracts';
import type { PiScript, PiVersion } from './pi-script.ts';
import type { PlainScript } from './plain-script.ts';

/** How to start a scripted agent: an argument vector, first the absolute path of this Node, and what its environment has to hold besides. */
export interface AgentCommand {
  readonly command: string[];
  readonly env: Record<string, string>;
}

/** Linux takes 128 KiB in one argument. */
const maxScriptBytes = 100_000;

/**
 * An agent that does what a script says and knows no protocol. Arguments appended to the command are shown by `printSelf` and otherwise ignored.
 * A string is the path of a file with the script as JSON; a script itself travels in the arguments, so that no file has to be cleaned up.
 * Throws INVALID_ARGUMENT for a script that is too long for that.
 */
export function plainAgent(script: PlainScript | string): AgentCommand {
  return { command: [...entry('plain-agent'), scriptArgument(script)], env: {} };
}

export interface PiAgentOptions {
  /** @default '0.87' */
  readonly version?: PiVersion;
}

/** A double of `pi`: append Pi's own arguments, such as `--mode rpc`, to the command. A string is the path of a file with the script as JSON. */
export function piAgent(script: PiScript | string = {}, options: PiAgentOptions = {}): AgentCommand {
  const version = options.version ?? '0.87';
  return {
    command: [...entry('pi-agent/main'), '--version-like', version, '--script', scriptArgument(script)],
    env: {},
  };
}

export interface ModelAgentOptions {
  /** Base url of a chat-completions API, with `/v1`: the url of a `ModelServer`. */
  readonly url: string;
  /** @default 'fake-1' */
  readonly model?: string;
  /** @default the prompt is read from stdin to its end */
  readonly promptFile?: string;
}

/** A small agent that asks a model server, prints its words and runs the tools `write`, inside its cwd only, and `bash`. */
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
    hint: 'Write it to a file and pass the path.',
  });
}

/** Run unbuilt the entries are beside this file as .ts, in a build they are below dist/scripted-agent whatever chunk this code went to. */
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
