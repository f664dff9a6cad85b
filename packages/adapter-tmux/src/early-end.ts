import { readExitRecord, readTail } from '@runtime/adapter-kit/run';
import { redactBytes } from '@runtime/adapter-kit/source';
import { AgentRuntimeError } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { awaitEndMark } from './end.ts';
import { endMark } from './holder/holder-script.ts';
import { tmuxRunFiles, type LaunchRecord } from './run-files.ts';
import { initialScreenState, translateScreen } from './screen/translate.ts';

const maxBytes = 16 * 1024;
const maxChars = 2000;

interface EndedRun {
  readonly runDir: string;
  readonly record: LaunchRecord;
  readonly secrets: readonly string[];
}

/**
 * Why an agent took no input that ended before it did: how it ended, and the last that it showed, without secrets.
 * INVALID_ARGUMENT where it exited by itself: a command that ends by itself ends so again. UNAVAILABLE where it was
 * killed.
 */
export async function earlyEnd({ runDir, record, secrets }: EndedRun): Promise<AgentRuntimeError> {
  const exit = (await readExitRecord(runDir))?.exit;
  await awaitEndMark(runDir);
  const longest = Math.max(0, ...secrets.map((secret) => Buffer.byteLength(secret)));
  const bytes = redactBytes(await readTail(tmuxRunFiles(runDir).recording, maxBytes + longest), secrets);
  const { text } = translateScreen(initialScreenState(endMark(record.nonce)), bytes.toString('utf8'));
  const shown = text.trim().slice(-maxChars);
  const said = shown === '' ? 'it showed nothing' : `the last it showed: ${shown}`;
  const message = `the agent ended before it took input (${describe(exit)}); ${said}`;
  return new AgentRuntimeError(exit?.kind === 'exited' ? 'INVALID_ARGUMENT' : 'UNAVAILABLE', message, {
    hint: 'run the command by hand and look',
  });
}

function describe(exit: Exit | undefined): string {
  if (exit?.kind === 'exited') return `exit code ${exit.code}`;
  return exit?.kind === 'signaled' ? `ended by ${exit.signal}` : 'how is not known';
}
