import { existsSync } from 'node:fs';
import path from 'node:path';
import { isAlive, seemsAlive, type ProcessIdentity } from '@runtime/adapter-kit/process';
import { isOverLimit, readExitRecord, runPaths, type RunPlace } from '@runtime/adapter-kit/run';
import type { Ended } from '@runtime/adapter-kit/source';
import { endOrphans } from '../end.ts';
import { laterRecorderCommand } from '../holder/holder-script.ts';
import { readRecorder } from './recorder.ts';
import { appendNote } from '../notes.ts';
import { readTmuxHolder, tmuxRunFiles, type LaunchRecord, type TmuxHolder } from '../run-files.ts';
import { agentPane, callTmux, keepSocket } from '../server/tmux-client.ts';

/** How soon a recorder that could not be replaced is tried again; later each time. */
const pauseMs = 400;
/** How often it is asked whether the last output has come. */
const drainLookMs = 100;
/** How long the last output may take through tmux after the exit was recorded. */
const drainMs = 5000;
const maxGapNotes = 100;
const maxPauseMs = 30_000;

/** Knows when the recording is final, and keeps it going until then. */
export interface RecordingWatch extends Required<Pick<Ended, 'signs' | 'isDoubtful' | 'again'>> {
  /** True once the recording is final: `isComplete` (its end mark was read), or no process is left that writes it. */
  ended(isComplete: boolean): Promise<boolean>;
}

/**
 * Watches a run while its recording is read. When tmux dies, the agent is ended: without a terminal it cannot be
 * recorded.
 * When the recorder dies (a full disk, a stray kill), tmux drops output silently: a gap is noted, and a new recorder is
 * attached.
 * A recorder that ends says so by a file, and it ends with tmux, which ends with the holder: so nothing is polled. Whoever
 * kills all of them is found out at the next look at everything.
 */
export function watchRecording(place: RunPlace, record: LaunchRecord): RecordingWatch {
  let holder: TmuxHolder | undefined;
  let drainUntil: number | undefined;
  const keeper = new RecorderKeeper(place, record);
  const { exit, holder: holderFile } = runPaths(place.runDir);
  const { recorderGone } = tmuxRunFiles(place.runDir);

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
      holder ??= await readTmuxHolder(place.runDir);
      return look();
    },
    signs: new Set([exit, holderFile, recorderGone].map((file) => path.basename(file))),
    isDoubtful: () =>
      holder === undefined ||
      drainUntil !== undefined ||
      ![holder.server, holder.holder, keeper.recorder].every((each) => each && seemsAlive(each)) ||
      !existsSync(record.socket),
    again: () => (drainUntil === undefined ? keeper.again : drainLookMs),
  };
}

/** Puts a new recorder in a dead one's place. */
class RecorderKeeper {
  readonly #place: RunPlace;
  readonly #record: LaunchRecord;
  recorder: ProcessIdentity | undefined;
  #gaps = 0;
  #pauseMs = pauseMs;
  #notBefore = 0;

  constructor(place: RunPlace, record: LaunchRecord) {
    this.#place = place;
    this.#record = record;
  }

  /** In how many ms a recorder can be tried that is missing; undefined while there is one. */
  get again(): number | undefined {
    return this.recorder ? undefined : Math.max(0, this.#notBefore - performance.now());
  }

  async look(): Promise<'no pane' | undefined> {
    this.recorder ??= await readRecorder(this.#place.runDir);
    if (this.recorder && (await isAlive(this.recorder))) return undefined;
    this.recorder = undefined;
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
