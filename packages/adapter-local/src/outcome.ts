import { isOverLimit, readTail, runPaths, type readExitRecord } from '@runtime/adapter-kit/run';
import { redactBytes } from '@runtime/adapter-kit/source';
import type { RunOutcome } from '@runtime/contracts';
import { codeOfSignal, type RuntimeHandle } from '@runtime/contracts/adapter';

/** What people need of a long stderr is its end. */
const messageChars = 4000;

/** The outcome of a run's one turn, from how the process ended. */
export async function outcomeOf(
  ended: Awaited<ReturnType<typeof readExitRecord>>,
  run: { readonly handle: RuntimeHandle; readonly secrets: readonly string[] },
): Promise<RunOutcome> {
  if (await isOverLimit(run.handle)) {
    return { status: 'failed', code: 'output_limit', message: 'The run made more output than maxOutputBytes' };
  }
  if (!ended || ended.exit.kind === 'unknown') {
    return { status: 'lost', code: 'unknown', message: 'The process is gone, and its exit was not observed' };
  }
  const { exit, began } = ended;
  const said = (): Promise<string> => tailOf(runPaths(run.handle.runDir).stderr, run.secrets);
  if (!began) {
    return { status: 'failed', code: 'unavailable', message: (await said()) || 'The command could not be executed' };
  }
  if (exit.kind === 'signaled') return { status: 'failed', code: codeOfSignal(exit.signal), message: exit.signal };
  if (exit.code === 0) return { status: 'succeeded' };
  return { status: 'failed', code: 'exit_code', message: (await said()) || `exit code ${exit.code}` };
}

/** The end of a file as text, without secrets and without a character or a secret cut at its beginning. */
async function tailOf(path: string, secrets: readonly string[]): Promise<string> {
  const longest = Math.max(0, ...secrets.map((secret) => Buffer.byteLength(secret)));
  const bytes = await readTail(path, messageChars * 4 + longest);
  const text = redactBytes(bytes, secrets).toString('utf8').trimEnd();
  return text.slice(-messageChars).replace(/^[\uDC00-\uDFFF]/, '');
}
