// Asks about a process that lives while no file can be opened. Run under a small limit of descriptors.
import { openSync } from 'node:fs';
import { isAlive, readIdentity, signalProcess } from '../../src/process/index.ts';

const identity = await readIdentity(process.ppid);
if (!identity) throw new Error('the parent is gone');
const outcomes: unknown[] = [];
try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // none is left
}
for (const look of [
  () => isAlive(identity),
  () => readIdentity(identity.pid),
  () => signalProcess(identity, 'SIGCONT'),
]) {
  outcomes.push(await look().catch((error: { code?: string }) => error.code));
}
process.stdout.write(JSON.stringify(outcomes));
