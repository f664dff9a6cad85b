import { isAlive } from '@runtime/adapter-kit/process';
import { readExitRecord } from '@runtime/adapter-kit/run';
import { jsonFileSource, mergeSources, type OpenSource } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, type RunOutcome } from '@runtime/contracts';
import type { Exit, RuntimeHandle, SessionEvent, SourceBatch } from '@runtime/contracts/adapter';
import { endMark, endMarkBytes } from './holder/holder-script.ts';
import { noteEvents, nudge } from './notes.ts';
import { hasEndMark } from './screen/recording-tail.ts';
import { watchRecording } from './screen/recording-watch.ts';
import { readTmuxHolder, tmuxRunFiles, type LaunchRecord } from './run-files.ts';
import { screenSource } from './screen/screen-source.ts';

/** A run as its readers need it. */
export interface ReadableRun {
  readonly handle: RuntimeHandle;
  readonly record: LaunchRecord;
  readonly secrets: readonly string[];
  /** Resolves when no note is being written: the events end after the last one. */
  readonly settled: () => Promise<void>;
}

const turnId = '1';

/** Stands behind the first batch; behind the last one; before a cursor of the sources. */
const cursors = { begun: 'begun', over: 'over', within: 'at:' } as const;

/**
 * What happens in a run: the beginning of its one turn, then the terminal's text and our notes, then the turn's end.
 * The recording is read from its beginning through the translator, silently up to `after`. A run whose agent never
 * executed has no events.
 */
export async function* runEvents(
  run: ReadableRun,
  { after, signal }: { readonly after?: string; readonly signal: AbortSignal },
): AsyncGenerator<SourceBatch, void, undefined> {
  const inner = innerCursor(after);
  if (signal.aborted || after === cursors.over || !(await readTmuxHolder(run.handle.runDir))) return;
  if (after === undefined) yield { cursor: cursors.begun, events: beginning(run.record) };
  for await (const batch of sources(run, inner, signal)) {
    if (signal.aborted) return;
    yield { cursor: `${cursors.within}${batch.cursor}`, events: batch.events };
  }
  if (signal.aborted) return;
  const outcome = await outcomeOfRun(run);
  yield { cursor: cursors.over, events: [{ type: 'turn.ended', turnId, outcome }] };
}

function innerCursor(after: string | undefined): string | undefined {
  if (after === undefined || after === cursors.begun || after === cursors.over) return undefined;
  if (after.startsWith(cursors.within)) return after.slice(cursors.within.length);
  throw new AgentRuntimeError('INVALID_ARGUMENT', `not a cursor of this source: ${JSON.stringify(after.slice(0, 80))}`);
}

/** An instruction that came with the launch was accepted; for one that is typed, the notes say what became of it. */
function beginning({ prompt, instructionId }: LaunchRecord): SessionEvent[] {
  const started: SessionEvent = { type: 'turn.started', turnId, instructionId };
  if (prompt === 'paste') return [started];
  return [
    { type: 'instruction.accepted', instructionId },
    started,
    { type: 'instruction.delivered', instructionId, turnId },
  ];
}

function sources(run: ReadableRun, after: string | undefined, signal: AbortSignal): AsyncIterable<SourceBatch> {
  const { handle, record, secrets, settled } = run;
  const paths = tmuxRunFiles(handle.runDir);
  const watch = watchRecording(handle, record);
  let over = false;
  const recorded: OpenSource = async function* (from, inner) {
    const ended = (isComplete: boolean): Promise<boolean> => watch.ended(isComplete);
    yield* screenSource({
      path: paths.recording,
      endMark: endMark(record.nonce),
      after: from,
      ended,
      secrets,
      signal: inner,
    });
    await settled();
    over = true;
    await nudge(handle.runDir);
  };
  const noted: OpenSource = (from, inner) =>
    jsonFileSource({
      path: paths.notes,
      source: 'notes',
      secrets,
      signal: inner,
      ended: () => over,
      translator: () => ({ translate: ({ value }) => noteEvents(value) }),
      malformed: () => [], // torn by the owner's death, before anything was done about it
      ...(from === undefined ? {} : { after: from }),
    });
  return mergeSources({ notes: noted, screen: recorded }, { signal, ...(after === undefined ? {} : { after }) });
}

async function outcomeOfRun({ handle, record }: ReadableRun): Promise<RunOutcome> {
  const ended = await readExitRecord(handle.runDir);
  if (!ended) return { status: 'lost', code: 'unknown', message: 'the terminal was lost before the agent ended' };
  const outcome = outcomeOf(ended.exit, ended.began);
  if (outcome.status === 'succeeded' || !ended.began || !(await lostItsTerminal(handle.runDir, record))) return outcome;
  // The hang-up ended the agent: its exit code means nothing for the work.
  return { status: 'lost', code: 'killed', message: `the terminal was lost; ${outcome.message ?? 'the agent ended'}` };
}

/** True when the server went before the agent: it is gone, and the end of the recording never came to it. */
async function lostItsTerminal(runDir: string, { nonce }: LaunchRecord): Promise<boolean> {
  const holder = await readTmuxHolder(runDir);
  if (!holder || (await isAlive(holder.server))) return false;
  return !(await hasEndMark(tmuxRunFiles(runDir).recording, endMarkBytes(nonce)));
}

/** What an exit means for the turn. */
function outcomeOf(exit: Exit, began: boolean): RunOutcome {
  if (!began) return { status: 'failed', code: 'unavailable', message: 'the agent could not be executed' };
  if (exit.kind === 'exited') {
    if (exit.code === 0) return { status: 'succeeded' };
    return { status: 'failed', code: 'exit_code', message: `exit code ${exit.code}` };
  }
  if (exit.kind === 'unknown') return { status: 'failed', code: 'unknown', message: exit.why };
  const code = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP'].includes(exit.signal) ? 'killed' : 'crashed';
  return { status: 'failed', code, message: `ended by ${exit.signal}` };
}
