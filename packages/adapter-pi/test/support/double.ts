// Pi's scripted double with what the conformance scenarios want beyond a script: a secret of the environment, the
// earlier conversation,
// deafness, and children of its own. Arguments: a file with `DoubleConfig`, then those for Pi.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { DoubleConfig } from './double-config.ts';
import { userTexts } from './session-texts.ts';

const [, , configFile = '', ...args] = process.argv;
const config: DoubleConfig = JSON.parse(readFileSync(configFile, 'utf8'));

if (args.includes('--version')) {
  process.stdout.write({ '0.73': '0.73.1\n', '0.87': '0.87.1\n', '1.5': '1.5.2\n' }[config.version]);
} else {
  await play();
}

async function play(): Promise<void> {
  const model = args.includes('--model') ? args[args.indexOf('--model') + 1] : undefined;
  writeFileSync(config.witness, JSON.stringify({ env: process.env, model }));
  if (config.children === true) await startChildren();
  if (config.cleared !== undefined) await startCleared(config.cleared);
  if (config.deaf === true) makeDeaf();
  const secret = process.env['CONFORMANCE_SECRET'] ?? '';
  const earlier = args.includes('--session')
    ? userTexts(readFileSync(args[args.indexOf('--session') + 1] ?? '', 'utf8'))
    : [];
  const filled = (text: string): string =>
    text
      .replace('SECRET-HEAD', secret.slice(0, secret.length / 2))
      .replace('SECRET-TAIL', secret.slice(secret.length / 2))
      .replace('EARLIER', earlier.join(' | '));
  const script = JSON.parse(JSON.stringify(config.script), (_key, value: unknown) =>
    typeof value === 'string' ? filled(value) : value,
  ) as unknown;
  const scriptFile = `${configFile}.${process.pid}`;
  writeFileSync(scriptFile, JSON.stringify(script));

  const write = process.stdout.write.bind(process.stdout);
  // The suite expects other words than the double's `true` and `false`.
  const spoken = (text: string): boolean =>
    write(text.replaceAll('said-true', 'allowed').replaceAll('said-false', 'denied'));
  Object.assign(process.stdout, { write: spoken });

  process.argv = [
    process.argv[0] ?? '',
    config.main,
    '--version-like',
    config.version,
    '--script',
    scriptFile,
    ...args,
  ];
  await import(config.main);
}

/** Nothing but SIGKILL ends it. */
function makeDeaf(): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  setInterval(() => {}, 60_000);
  process.exit = (() => {}) as never;
}

/** In our session, deaf to SIGTERM. */
async function startCleared(file: string): Promise<void> {
  const script = `trap '' TERM; echo $$ >"$0.tmp" && mv "$0.tmp" "$0"; exec sleep 1000`;
  const env = { PATH: process.env['PATH'] ?? '' };
  spawn('sh', ['-c', script, file], { env, stdio: 'ignore' }).unref();
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** One in a session of its own and one forked twice, both deaf to SIGTERM. */
async function startChildren(): Promise<void> {
  const pids = `${configFile}.children`;
  writeFileSync(pids, '');
  const loop = `trap '' TERM HUP INT; echo $$ >>"${pids}"; while :; do sleep 0.2; done`;
  spawn('sh', ['-c', loop], { detached: true, stdio: 'ignore' }).unref();
  spawn('sh', ['-c', `sh -c '${loop.replaceAll("'", `'\\''`)}' & exit`], { stdio: 'ignore' }).unref();
  while (readFileSync(pids, 'utf8').split('\n').length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  appendFileSync(pids, 'ready\n');
}
