import path from 'node:path';
import type { RuntimeHandle } from '@runtime/contracts/adapter';

/** The two fields of a handle that lead to a run: any `RuntimeHandle` will do. */
export type RunPlace = Pick<RuntimeHandle, 'runId' | 'runDir'>;

/** The files of a run. Adapters add files of their own under other names. */
export interface RunPaths {
  /** A directory: the one right to start, which belongs to its maker. */
  readonly claim: string;
  /** In `claim`: its maker shut the run out, and nothing will start any more. */
  readonly shut: string;
  /** The processes of the holder and of the agent; written before the agent executes its first instruction. */
  readonly holder: string;
  /** How the agent ended, as its holder saw it; blank until then. */
  readonly exit: string;
  readonly stdout: string;
  readonly stderr: string;
  /** What a terminal showed, byte for byte, where the agent has one. */
  readonly recording: string;
  /** Messages of the holder itself, about failures to start. */
  readonly holderLog: string;
  /** Frames of a backend that writes no file of its own. */
  readonly wire: string;
  /** Holds the path of the run's cgroup, where it has one. */
  readonly cgroup: string;
  /** The agent's stdin when it is a FIFO. */
  readonly input: string;
}

/** The files of a run directory. Pure: nothing is touched. */
export function runPaths(runDir: string): RunPaths {
  // Joined once: they are asked for dozens of times in a run.
  const folder = path.join(runDir, path.sep);
  const claim = `${folder}claim`;
  return {
    claim,
    shut: `${claim}${path.sep}shut`,
    holder: `${folder}holder.json`,
    exit: `${folder}exit.json`,
    stdout: `${folder}stdout.log`,
    stderr: `${folder}stderr.log`,
    recording: `${folder}out.raw`,
    holderLog: `${folder}holder.log`,
    wire: `${folder}wire.jsonl`,
    cgroup: `${folder}cgroup`,
    input: `${folder}in`,
  };
}
