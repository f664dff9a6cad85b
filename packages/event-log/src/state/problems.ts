/** A problem that a log found and got over, for people: in `onProblem` and `JsonlEventLog.problems`. */
export interface LogProblem {
  /** Relative to the log's directory. `log` where the problem concerns no single file. */
  readonly file: string;
  /** In bytes from the start of the file. */
  readonly offset?: number;
  /** What is wrong, in words. */
  readonly problem: string;
  /** What was done about it, in words: set aside, ignored, read whole. */
  readonly action: string;
}

/** The latest problems, at most 100. */
export class Problems {
  readonly list: LogProblem[] = [];
  readonly #listener: ((problem: LogProblem) => void) | undefined;

  constructor(listener: ((problem: LogProblem) => void) | undefined) {
    this.#listener = listener;
  }

  add(problem: LogProblem): void {
    this.list.push(problem);
    if (this.list.length > 100) this.list.shift();
    this.#listener?.(problem);
  }
}
