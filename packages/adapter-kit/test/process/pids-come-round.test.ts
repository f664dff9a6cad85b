import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const namespace = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
const turn = 'echo 500 >/proc/sys/kernel/ns_last_pid';
const mayTurn = await run('unshare', [...namespace, '/bin/sh', '-c', turn]).then(
  () => true,
  () => false,
);

/** Forks that fail take a pid and are not counted: where they are many, pids come round unseen. */
async function play(scene: string): Promise<unknown> {
  const script = fileURLToPath(new URL('../support/pids-come-round.ts', import.meta.url));
  // The shell reaps what is orphaned in the namespace.
  const command = '"$0" --conditions=@runtime/source "$1" "$2"; exit';
  const inside = ['/bin/sh', '-c', command, process.execPath, script, scene];
  const { stdout } = await run('unshare', [...namespace, ...inside]);
  return JSON.parse(stdout);
}

it.runIf(mayTurn)('a child whose pid is below its holder’s is ended with the run', async () => {
  expect(await play('member')).toEqual({ isBelow: true, left: 0 });
});

it.runIf(mayTurn)('a stranger’s child in a session with the number of the dead agent is not ended', async () => {
  expect(await play('stranger')).toEqual({ lives: true });
});
