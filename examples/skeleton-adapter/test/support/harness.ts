import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  hugeChars,
  secretVariable,
  unicodeText,
  type AdapterHarness,
  type AgentWitness,
  type HarnessContext,
  type ScenarioName,
} from '@runtime/conformance/adapter';
import { plainAgent, type PlainScript, type PlainStep } from '@runtime/conformance/scripted-agent';
import { parrot } from '../../src/index.ts';

const say = (text: string): PlainStep => ({ print: `${JSON.stringify({ type: 'say', text })}\n` });
const end: PlainStep = { print: '{"type":"end"}\n' };

/** A double of the agent, which writes the agent's own records. What it cannot play is left out. */
const scripts: { readonly [S in ScenarioName]?: (context: HarnessContext) => PlainScript } = {
  hello: () => [say('hello, '), say('world'), end],
  gate: ({ gate }) => [say('before'), { waitForFile: gate }, say('after'), end],
  silent: () => [],
  unicode: () =>
    [...Buffer.from(line(unicodeText))].map((byte) => ({ printBytes: Buffer.of(byte).toString('base64') })),
  huge: () => [{ repeat: { times: hugeChars / 1000, steps: [say('x'.repeat(1000))] } }, say(' end'), end],
  malformed: () => [{ print: 'this is no record\n' }, say('still here'), end],
  tool: () => [
    { print: '{"type":"call","id":"c1","tool":"peck"}\n{"type":"result","id":"c1","ok":true}\n' },
    say('done'),
    end,
  ],
  // A parrot that repeats or compacts something does not say so.
  pauses: () => [say('done'), end],
  exitCode: () => [say('failing'), { exit: 7 }],
  crash: () => [say('last words'), { killSelf: 'SIGKILL' }],
  ignoresTerm: () => [{ ignoreTerm: true }, say('ready'), { hang: true }],
  clearsEnvironment: (context) => [
    { spawnChild: { ...child, clearEnv: true, pidFile: context.child } },
    say('ready'),
    { hang: true },
  ],
  floods: () => [{ repeat: { times: hugeChars / 1000, steps: [say('x'.repeat(1000))] } }, { hang: true }],
  leavesChildren: ({ dir }) => [
    { spawnChild: { ...child, setsid: true, pidFile: join(dir, 'setsid.pid') } },
    { spawnChild: { ...child, doubleFork: true, pidFile: join(dir, 'forked.pid') } },
    say('ready'),
    { hang: true },
  ],
};

const child = { sleepMs: 600_000, ignoreTerm: true } as const;
const line = (text: string): string => `${JSON.stringify({ type: 'say', text })}\n`;

/** Answers `--version`; else writes down what came by standard input and the environment, then becomes the double. */
const witnessed = `
for last; do :; done
if [ "$last" = --version ]; then echo 'parrot 1.0.0'; exit; fi
cat >"$1.$$.prompt"; env -0 >"$1.$$.env"; shift; exec "$@"`;

/** Two records, the secret cut after nine characters. */
const tellSecret = `
rest=\${${secretVariable}#?????????}
say() { printf '{"type":"say","text":"%s"}\\n' "$1"; }
say 'token='; say "\${${secretVariable}%"$rest"}"; sleep 0.1; say "$rest"; say ' given'`;

function commandFor(context: HarnessContext): readonly string[] {
  const { command } = plainAgent(scripts[context.scenario]?.(context) ?? []);
  const agent = context.scenario === 'secret' ? ['/bin/sh', '-c', tellSecret] : command;
  return ['/bin/sh', '-c', witnessed, 'sh', context.witness, ...agent];
}

async function readWitness({ witness }: HarnessContext): Promise<AgentWitness> {
  const folder = dirname(witness);
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${basename(witness)}.`));
  const read = (ending: string): Promise<string[]> =>
    Promise.all(names.filter((name) => name.endsWith(ending)).map((name) => readFile(join(folder, name), 'utf8')));
  const pairs = (await read('.env')).flatMap((text) => text.split('\0')).filter((pair) => pair.includes('='));
  const env = Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return { instructions: await read('.prompt'), env };
}

// #region skeleton-harness
/** What the suite needs: an adapter whose agent plays a scenario, and what that agent has seen. */
export const harness: AdapterHarness = {
  make: (context) => ({ adapter: parrot({ command: commandFor(context) }), witness: () => readWitness(context) }),
  module: import.meta.url,
  named: (name) => ({ adapter: parrot({ command: [name] }), script: "echo 'parrot 1.0.0'" }),
  missing: () => parrot({ command: ['no-such-parrot-anywhere'] }),
};
// #endregion
