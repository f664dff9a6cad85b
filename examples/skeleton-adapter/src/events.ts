import { isOverLimit, readExitRecord, runEnded, runPaths } from '@runtime/adapter-kit/run';
import { jsonFileSource } from '@runtime/adapter-kit/source';
import type { RunOutcome } from '@runtime/contracts';
import { codeOfSignal, type ReadEventsOptions, type RuntimeHandle, type SourceBatch } from '@runtime/contracts/adapter';
import type { LaunchRecord } from './run-files.ts';
import { endTurn, opening, translate, type TranslatorState } from './translate.ts';
import { readParrotRecord } from './wire.ts';

/** A run as its readers need it. */
export interface ReadableRun {
  readonly handle: RuntimeHandle;
  readonly record: LaunchRecord;
  readonly secrets: readonly string[];
  /** False when the agent provably never executed: then there was no turn. */
  readonly hasBegun: boolean;
}

// #region skeleton-events
const opened = 'opened';

/** The agent's output as events, from its first line and silently up to `after`, until the run has ended. */
export async function* runEvents(
  { handle, record, secrets, hasBegun }: ReadableRun,
  { after, follow = true, signal }: ReadEventsOptions & { readonly signal: AbortSignal },
): AsyncGenerator<SourceBatch, void, undefined> {
  if (!hasBegun || signal.aborted) return;
  const { instructionId } = record;
  if (after === undefined) yield { cursor: opened, events: opening(instructionId) };
  const state: TranslatorState = { instructionId, messages: 0, message: undefined };
  const isOver = runEnded(handle);
  let exit: Exit;
  let isFlood = false;
  yield* jsonFileSource({
    path: runPaths(handle.runDir).stdout,
    secrets,
    signal,
    follow,
    ...(after === undefined || after === opened ? {} : { after }),
    async ended() {
      if (!(await isOver())) return false;
      exit = await readExitRecord(handle.runDir);
      isFlood = await isOverLimit(handle);
      return true;
    },
    translator: () => ({
      translate: ({ value }) => translate(state, readParrotRecord(value)),
      finish: () => endTurn(state, isFlood ? tooMuch : outcomeOf(exit)),
    }),
  });
}

const tooMuch: RunOutcome = { status: 'failed', code: 'output_limit', message: 'it wrote too much' };

type Exit = Awaited<ReturnType<typeof readExitRecord>>;

/** An exit that was not seen is `lost`: no code is made up for it. */
function outcomeOf(ended: Exit): RunOutcome {
  if (!ended || ended.exit.kind === 'unknown') return { status: 'lost', code: 'unknown' };
  const { began, exit } = ended;
  if (!began) return { status: 'failed', code: 'unavailable', message: 'the agent could not be executed' };
  if (exit.kind === 'signaled') return { status: 'failed', code: codeOfSignal(exit.signal), message: exit.signal };
  if (exit.code === 0) return { status: 'succeeded' };
  return { status: 'failed', code: 'exit_code', message: `exit code ${exit.code}` };
}
// #endregion
