import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PiStartup } from '../pi-script.ts';
import { Leave } from './cli.ts';

/** Plays what happens before the first command is read. Throws `Leave` for a start that fails. */
export async function playStartup(startup: PiStartup): Promise<void> {
  if (startup.appendLine !== undefined) appendFileSync(startup.appendLine, `${process.pid}\n`);
  if (startup.delayMs !== undefined) await sleep(startup.delayMs);
  const until = performance.now() + (startup.busyMs ?? 0);
  while (performance.now() < until);
  if (startup.exit !== undefined) throw new Leave(startup.exit, startup.stderr ?? '');
  if (startup.stderr !== undefined) process.stderr.write(startup.stderr);
}
