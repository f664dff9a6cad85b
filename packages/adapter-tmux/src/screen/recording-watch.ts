import { isAlive, type ProcessIdentity } from '@runtime/adapter-kit/process';
import { isOverLimit, readExitRecord, type RunPlace } from '@runtime/adapter-kit/run';
import { endOrphans } from '../end.ts';
import { laterRecorderCommand } from '../holder/holder-script.ts';
import { readRecorder } from './recorder.ts';
import { appendNote } from '../notes.ts';
import { readTmuxHolder, type LaunchRecord, type TmuxHolder } from '../run-files.ts';
import { agentPane, callTmux, keepSocket } from '../server/tmux-client.ts';

/** How often processes are looked at; a death is noticed within a second. */
const lookMs = 400;
/** How long the last output may take through tmux after the exit was recorded. */
const drainMs = 5000;
const maxGapNotes = 100;
const maxPauseMs = 30_000;

/** Knows when the recording is final, and keeps it going until then. */
export interface RecordingWatch {
  /** True once the recording is final: `isComplete` (its end mark was read), or no process is left that writes it. */
  ended(isComplete: boolean): Promise<boolean>;
}

/**
 * Watches a run while its recording is read. When tmux dies, the agent is ended: without a terminal it cannot be
 * recorded.
 * When the recorder dies (a full disk, a stray kill), tmux drops output silently: a gap is noted, and a new recorder is
 * attached.
 */
export function watchRecording(place: RunPlace, record: LaunchRecord): RecordingWatch {
  let holder: TmuxHolder | undefined;
  let nextLook = 0;
  let drainUntil: number | undefined;
  const keeper = new RecorderKeeper(place, record);

  async function look(): Promise<boolean> {
    const serverLives = holder !== undefined && (await isAlive(holder.server));
    const holderLives = holder !== undefined && (await isAlive(holder.holder));
    // After the processes: one that ended in between has recorded its exit by now.
    if (await readExitRecord(place.runDir)) return drained(serverLives);
    // Nothing more is recorded, and the agent is the owner's to stop.
    if (await isOverLimit(place)) return true;
    // The pane may be killed alone where a person opened another: the server goes on, and so does an agent that ignores
    // the hangup.
    if (serverLives) await keepSocket({ record, runDir: place.runDir });
    if (serverLives && holderLives && (await keeper.look()) !== 'no pane') return false;
    await endOrphans(place);
    return true;
  }

  async function drained(serverLives: boolean): Promise<boolean> {
    if (!serverLives || (await readRecorder(place.runDir)) === undefined) return true;
    drainUntil ??= performance.now() + drainMs;
    return performance.now() > drainUntil;
  }

  return {
    async ended(isComplete) {
      if (isComplete) return true;
      if (performance.now() < nextLook && !(await readExitRecord(place.runDir))) return false;
      nextLook = performance.now() + lookMs;
      holder ??= await readTmuxHolder(place.runDir);
      return look();
    },
  };
}

/** Puts a new recorder in a dead one's place. */
class RecorderKeeper {
  readonly #place: RunPlace;
  readonly #record: LaunchRecord;
  #recorder: ProcessIdentity | undefined;
  #gaps = 0;
  #pauseMs = lookMs;
  #notBefore = 0;

  constructor(place: RunPlace, record: LaunchRecord) {
    this.#place = place;
    this.#record = record;
  }

  async look(): Promise<'no pane' | undefined> {
    this.#recorder ??= await readRecorder(this.#place.runDir);
    if (this.#recorder && (await isAlive(this.#recorder))) return undefined;
    this.#recorder = undefined;
    if (performance.now() < this.#notBefore) return undefined;
    this.#notBefore = performance.now() + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs);
    try {
      if (!(await this.#hasPane())) return 'no pane';
      await this.#replace();
    } catch {
      // A server that does not answer is tried again; one that died is noticed by `ended`.
    }
    return undefined;
  }

  async #hasPane(): Promise<boolean> {
    const { runDir } = this.#place;
    const panes = await callTmux({ record: this.#record, runDir }, [['list-panes', '-a', '-F', '#{pane_id}']]);
    return panes.split('\n').includes(agentPane);
  }

  async #replace(): Promise<void> {
    const { runDir } = this.#place;
    // tmux notices a dead recorder only at the next output: `#{pane_pipe}` may still be 1. This call closes the old
    // pipe.
    await callTmux({ record: this.#record, runDir }, [
      ['pipe-pane', '-t', agentPane, laterRecorderCommand(this.#record.maxOutputBytes)],
    ]);
    this.#gaps += 1;
    if (this.#gaps > maxGapNotes) return;
    const reason = 'the process that records the terminal ended; what was shown until a new one began is missing';
    await appendNote(runDir, { kind: 'event', event: { type: 'output.gap', source: 'screen', reason } });
  }
}
