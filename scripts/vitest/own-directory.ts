import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/**
 * Gives a test run a temporary directory of its own, and a warden: a process that waits for the end of this one,
 * however it comes, and then ends every process that still has that directory as its TMPDIR or works in it, and removes
 * it. So nothing that a test started outlives the tests, also when they are killed. A run that ends by itself fails
 * when the warden had something to do.
 */
export default function setup(): (() => Promise<void>) | undefined {
  // The warden reads /proc.
  if (process.platform !== 'linux') return undefined;
  const { TMPDIR: outer, NODE_COMPILE_CACHE: outerCache, ...env } = process.env;
  // Short: paths of sockets end at 107 bytes.
  const directory = mkdtempSync(join(realpathSync(tmpdir()), 'rt-'));
  process.env['TMPDIR'] = directory;
  // Tests start the same few programs a thousand times: each module is compiled once in a run, not once in a process.
  process.env['NODE_COMPILE_CACHE'] = join(directory, 'compiled');
  const warden = spawn('sh', [fileURLToPath(new URL('warden.sh', import.meta.url)), directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Out of the group that Ctrl-C reaches.
    detached: true,
    env,
  });
  const said = text(warden.stdout);
  warden.unref();
  return async () => {
    restore('TMPDIR', outer);
    restore('NODE_COMPILE_CACHE', outerCache);
    const ended = once(warden, 'exit');
    warden.ref();
    warden.stdin.end();
    await ended;
    const left = await said;
    if (left === '') return;
    process.stderr.write(`These processes outlived the tests and were ended:\n${left}`);
    process.exitCode = 1;
  };
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
