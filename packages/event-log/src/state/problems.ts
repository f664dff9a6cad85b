/** Something the log found that a person may want to know, and what it did about it. */
export interface LogProblem {
  readonly file: string;
  readonly offset?: number;
  readonly problem: string;
  /** What was done: `set aside`, `ignored`, `rebuilt`, … */
  readonly action: string;
}

/** The latest problems, at most a hundred. */
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
