import { isAlive } from '@runtime/adapter-kit/process';
import { isOverLimit, readExitRecord } from '@runtime/adapter-kit/run';
import { jsonFileSource, mergeSources, type OpenSource } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, type RunOutcome } from '@runtime/contracts';
import {
  codeOfSignal,
  type Exit,
  type ReadEventsOptions,
  type RuntimeHandle,
  type SessionEvent,
  type SourceBatch,
} from '@runtime/contracts/adapter';
import { endMark, endMarkBytes } from './holder/holder-script.ts';
import { noteEvents, nudge, readTyped, type TurnStarted } from './notes.ts';
import { hasEndMark } from './screen/recording-tail.ts';
import { watchRecording } from './screen/recording-watch.ts';
import { readTmuxHolder, refuseMoved, tmuxRunFiles, type LaunchRecord } from './run-files.ts';
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
  { after, signal, follow = true }: ReadEventsOptions & { readonly signal: AbortSignal },
): AsyncGenerator<SourceBatch, void, undefined> {
  const inner = innerCursor(after);
  if (signal.aborted || after === cursors.over) return;
  if (!(await readTmuxHolder(run.handle.runDir))) {
    await refuseMoved(run.handle);
    return;
  }
  const opening = beginning(run.record);
  if (after === undefined && opening.length > 0) yield { cursor: cursors.begun, events: opening };
  // A run whose exit is recorded is read to its end, which is near.
  const isEnding = follow || (await readExitRecord(run.handle.runDir)) !== undefined;
  for await (const { cursor, ...batch } of sources(run, { after: inner, follow: isEnding, signal })) {
    if (signal.aborted) return;
    yield { ...batch, cursor: `${cursors.within}${cursor}` };
  }
  if (signal.aborted || !isEnding || !(await hasTurn(run))) return;
  const outcome = await outcomeOfRun(run);
  const ended = await readExitRecord(run.handle.runDir);
  const at = ended ? { at: ended.endedAt } : {};
  yield { cursor: cursors.over, events: [{ type: 'turn.ended', turnId, outcome }], ...at };
}

function innerCursor(after: string | undefined): string | undefined {
  if (after === undefined || after === cursors.begun || after === cursors.over) return undefined;
  if (after.startsWith(cursors.within)) return after.slice(cursors.within.length);
  throw new AgentRuntimeError('INVALID_ARGUMENT', `not a cursor of this source: ${JSON.stringify(after.slice(0, 80))}`);
}

/**
 * An instruction that came with the launch was accepted. For one that is typed, the notes say when its turn began and
 * what became of it; only runs of earlier versions began their turn before they were spoken to.
 */
function beginning(record: LaunchRecord): SessionEvent[] {
  const { prompt, instructionId, notesTurn } = record;
  if (prompt === 'paste') return notesTurn === true ? [] : [started(record)];
  return [
    { type: 'instruction.accepted', instructionId },
    started(record),
    { type: 'instruction.delivered', instructionId, turnId },
  ];
}

const started = ({ instructionId }: LaunchRecord): TurnStarted => ({ type: 'turn.started', turnId, instructionId });

/** Whether the agent was ever told anything: before that no turn has begun, so none can end. */
async function hasTurn({ handle, record }: ReadableRun): Promise<boolean> {
  if (beginning(record).length > 0) return true;
  return (await readTyped(handle.runDir)).typed.has(record.instructionId);
}

interface SourcesOptions {
  readonly after: string | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

function sources(run: ReadableRun, { after, follow, signal }: SourcesOptions): AsyncIterable<SourceBatch> {
  const { handle, record, secrets, settled } = run;
  const paths = tmuxRunFiles(handle.runDir);
  const watch = watchRecording(handle, record);
  let over = false;
  const notesEnded = Object.assign(() => over, {
    signs: new Set<string>(),
    isDoubtful: () => over,
    again: () => (over ? 0 : undefined),
  });
  const recorded: OpenSource = async function* (from, inner) {
    yield* screenSource({
      path: paths.recording,
      endMark: endMark(record.nonce),
      after: from,
      watch,
      secrets,
      follow,
      signal: inner,
    });
    if (!follow) return;
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
      ended: notesEnded,
      follow,
      translator: () => ({ translate: ({ value }) => noteEvents(value, started(record)) }),
      malformed: () => [], // torn by the owner's death, before anything was done about it
      ...(from === undefined ? {} : { after: from }),
    });
  return mergeSources({ notes: noted, screen: recorded }, { signal, ...(after === undefined ? {} : { after }) });
}

async function outcomeOfRun({ handle, record }: ReadableRun): Promise<RunOutcome> {
  if (await isOverLimit(handle)) {
    return { status: 'failed', code: 'output_limit', message: 'the terminal showed more than maxOutputBytes' };
  }
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
  return { status: 'failed', code: codeOfSignal(exit.signal), message: `ended by ${exit.signal}` };
}
