/** The options that every asynchronous call takes, last. */
export interface CallOptions {
  /** Ends this call, never the work behind it. */
  readonly signal?: AbortSignal;
}
