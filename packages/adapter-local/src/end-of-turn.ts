import { readTail, runPaths, type readExitRecord } from '@runtime/adapter-kit/run';
import { redactBytes } from '@runtime/adapter-kit/source';
import type { RunOutcome } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import type { RunFiles } from './run-events.ts';

/** What people need of a long stderr is its end. */
const messageChars = 4000;

/** How the turn ended, told by how the process did. */
export async function endOfTurn(
  turnId: string,
  ended: Awaited<ReturnType<typeof readExitRecord>>,
  run: RunFiles,
): Promise<SessionEvent> {
  return { type: 'turn.ended', turnId, outcome: await outcomeOf(ended, run) };
}

async function outcomeOf(ended: Awaited<ReturnType<typeof readExitRecord>>, run: RunFiles): Promise<RunOutcome> {
  if (!ended || ended.exit.kind === 'unknown') {
    return { status: 'lost', code: 'unknown', message: 'the process is gone and nobody saw its exit' };
  }
  const { exit, began } = ended;
  const stderr = await tailOf(runPaths(run.handle.runDir).stderr, run.secrets);
  if (!began) return { status: 'failed', code: 'unavailable', message: stderr || 'the command could not be executed' };
  if (exit.kind === 'signaled') return { status: 'failed', code: 'killed', message: exit.signal };
  if (exit.code === 0) return { status: 'succeeded' };
  return { status: 'failed', code: 'exit_code', message: stderr || `exit code ${exit.code}` };
}

/** The end of a file as text, without secrets and without a character or a secret cut at its beginning. */
async function tailOf(path: string, secrets: readonly string[]): Promise<string> {
  const longest = Math.max(0, ...secrets.map((secret) => Buffer.byteLength(secret)));
  const bytes = await readTail(path, messageChars * 4 + longest);
  const text = redactBytes(bytes, secrets).toString('utf8').trimEnd();
  return text.slice(-messageChars).replace(/^[\uDC00-\uDFFF]/, '');
}
