import path from 'node:path';
import type { RuntimeHandle } from '@runtime/contracts/adapter';

/** The two fields of a handle that lead to a run: any `RuntimeHandle` will do. */
export type RunPlace = Pick<RuntimeHandle, 'runId' | 'runDir'>;

/** Where a run keeps what. Adapters add files of their own under other names. */
export interface RunPaths {
  /** A directory: the one right to start. The process that makes it has the right. */
  readonly claim: string;
  /** Inside `claim`: the maker shut the run out and nothing will ever start. */
  readonly shut: string;
  /** Who holds the run and who the agent is; there before the agent's first instruction is executed. */
  readonly holder: string;
  /** How the agent ended, as its holder saw it. */
  readonly exit: string;
  readonly stdout: string;
  readonly stderr: string;
  /** What the holder itself had to say: failures to start. */
  readonly holderLog: string;
  /** Frames of a backend that writes no file of its own. */
  readonly wire: string;
  /** The agent's stdin when it is a FIFO. */
  readonly input: string;
}

/** The files of a run directory. Pure: nothing is touched. */
export function runPaths(runDir: string): RunPaths {
  const claim = path.join(runDir, 'claim');
  return {
    claim,
    shut: path.join(claim, 'shut'),
    holder: path.join(runDir, 'holder.json'),
    exit: path.join(runDir, 'exit.json'),
    stdout: path.join(runDir, 'stdout.log'),
    stderr: path.join(runDir, 'stderr.log'),
    holderLog: path.join(runDir, 'holder.log'),
    wire: path.join(runDir, 'wire.jsonl'),
    input: path.join(runDir, 'in'),
  };
}
