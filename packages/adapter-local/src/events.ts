import { readExitRecord, runEnded, runPaths } from '@runtime/adapter-kit/run';
import { mergeSources, type OpenSource } from '@runtime/adapter-kit/source';
import type { ReadEventsOptions, RuntimeHandle, SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import { outcomeOf } from './outcome.ts';
import { outputSource } from './output-source.ts';

/** A run as its readers need it. */
export interface ReadableRun {
  readonly handle: RuntimeHandle;
  readonly instructionId: string;
  readonly secrets: readonly string[];
  /** False when the command provably never executed: then there was no turn either. @default true */
  readonly began?: boolean;
}

const turnId = '1';
/** The cursor behind what is known without reading. */
const begun = 'begun';
/** Ends the cursor behind the last event. */
const over = '|over';

/** The one turn of a run: it begins with the launch, is what stdout and stderr hold, and ends as the process did. */
export async function* runEvents(
  run: ReadableRun,
  options: ReadEventsOptions & { readonly signal: AbortSignal },
): AsyncGenerator<SourceBatch, void, undefined> {
  const { after, signal, follow = true } = options;
  if (run.began === false || after?.endsWith(over) || signal.aborted) return;
  if (after === undefined) yield { cursor: begun, events: opening(run.instructionId) };
  // Before the reading: only what ended by then is read to its end.
  const isOver = follow || (await runEnded(run.handle)());
  let cursor = after === undefined || after === begun ? '' : after;
  const merged = mergeSources(outputs(run, follow), { signal, ...(cursor === '' ? {} : { after: cursor }) });
  for await (const batch of merged) {
    cursor = batch.cursor;
    yield batch;
  }
  if (signal.aborted || !isOver) return;
  const ended = await readExitRecord(run.handle.runDir);
  const outcome = await outcomeOf(ended, run);
  const at = ended ? { at: ended.endedAt } : {};
  yield { cursor: `${cursor}${over}`, events: [{ type: 'turn.ended', turnId, outcome }], ...at };
}

function opening(instructionId: string): SessionEvent[] {
  return [
    { type: 'turn.started', turnId, instructionId },
    // The process has its instruction from the first: that is how it was launched.
    { type: 'instruction.accepted', instructionId },
    { type: 'instruction.delivered', instructionId, turnId },
  ];
}

function outputs(
  { handle, instructionId, secrets }: ReadableRun,
  follow: boolean,
): Readonly<Record<'stdout' | 'stderr', OpenSource>> {
  const paths = runPaths(handle.runDir);
  const common = { ended: runEnded(handle), follow, secrets };
  const atFirst: SessionEvent = { type: 'instruction.observed', instructionId };
  return {
    stdout: (after, signal) =>
      outputSource({ ...common, path: paths.stdout, source: 'stdout', after, signal, atFirst }),
    stderr: (after, signal) => outputSource({ ...common, path: paths.stderr, source: 'stderr', after, signal }),
  };
}
