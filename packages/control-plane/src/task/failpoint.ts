/**
 * Called by name at every point where the death of the process could matter: `append.before:<type>`,
 * `append.after:<type>`, and around each effect (`start`, `recover`, `send`, `answer`, `interrupt`, `stop`, `reap`:
 * `.before` and `.after`). Tests kill the process in it; a no-op otherwise.
 */
export type Failpoint = (name: string) => void | Promise<void>;
