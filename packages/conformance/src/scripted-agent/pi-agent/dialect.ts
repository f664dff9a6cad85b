import type { PiVersion } from '../pi-script.ts';

/** How the releases of Pi differ on the wire. */
export interface Dialect {
  readonly version: string;
  /** `agent_settled` at the end of a run: since 0.80.4. */
  readonly settled: boolean;
  /** `agent_settled.aborted`: since 1.1.0. */
  readonly settledSaysAborted: boolean;
  /** `agent_end.willRetry`: since 0.75.4. */
  readonly willRetry: boolean;
  /** Errors for unknown commands carry the command's id. */
  readonly idsOnUnknownCommands: boolean;
  /** `get_state.isStreaming` stays true in the delay before a retry. */
  readonly streamingInRetryDelay: boolean;
  /** System messages in stream and session: since about 0.86. */
  readonly systemMessage: boolean;
  /** `stopReason` of a message that only starts: `pending` since 0.83.0. */
  readonly startStopReason: 'pending' | 'stop';
  /** Every `message_update` repeats the whole message twice: before 0.84.0. */
  readonly wholeMessageInUpdates: boolean;
  /** `data.disposition` in answers: since 0.99.0. */
  readonly disposition: boolean;
  /** The session file is made at the first user message, not at the first assistant message: since 0.99.0. */
  readonly fileAtFirstUser: boolean;
  /** `context_edit` entries drop failed messages from the context: since 0.87.0. */
  readonly contextEdit: boolean;
  /** The end of a compaction estimates the tokens after it: since 0.79.8. */
  readonly tokensAfter: boolean;
  /** The session is named in the environment of tools: since 0.82.0. */
  readonly sessionInEnvironment: boolean;
  /** Tools and messages report their duration. */
  readonly durations: boolean;
  readonly rawStopReason: boolean;
  /** The message that follows a tool which was aborted. */
  readonly abortAfterTool: { readonly stopReason: 'error' | 'aborted'; readonly errorMessage: string };
  /** Leaves the children of its bash running when stdin ends, also with a SIGTERM. */
  readonly orphansAtStdinEnd: boolean;
  readonly missingCommands: ReadonlySet<string>;
  readonly missingFlags: ReadonlySet<string>;
  readonly warnsOfNewSessionId: boolean;
  /** An abort without a run is answered only after the prompt that is being checked. */
  readonly abortWaitsForPrompt: boolean;
}

const modern: Omit<Dialect, 'version'> = {
  settled: true,
  settledSaysAborted: false,
  willRetry: true,
  idsOnUnknownCommands: true,
  streamingInRetryDelay: true,
  systemMessage: true,
  startStopReason: 'pending',
  wholeMessageInUpdates: false,
  disposition: false,
  fileAtFirstUser: false,
  contextEdit: true,
  tokensAfter: true,
  sessionInEnvironment: true,
  durations: false,
  rawStopReason: true,
  abortAfterTool: { stopReason: 'error', errorMessage: 'This operation was aborted' },
  orphansAtStdinEnd: false,
  missingCommands: new Set(),
  missingFlags: new Set(),
  warnsOfNewSessionId: true,
  abortWaitsForPrompt: true,
};

/** The dialect of each release. */
export const dialects: Readonly<Record<PiVersion, Dialect>> = {
  '0.73': {
    ...modern,
    version: '0.73.1',
    settled: false,
    willRetry: false,
    idsOnUnknownCommands: false,
    streamingInRetryDelay: false,
    systemMessage: false,
    startStopReason: 'stop',
    wholeMessageInUpdates: true,
    contextEdit: false,
    tokensAfter: false,
    sessionInEnvironment: false,
    rawStopReason: false,
    abortAfterTool: { stopReason: 'aborted', errorMessage: 'Request was aborted.' },
    orphansAtStdinEnd: true,
    missingCommands: new Set(['clear_queue', 'get_entries', 'get_tree', 'get_available_thinking_levels']),
    missingFlags: new Set(['--session-id', '--exclude-tools', '--name', '--approve', '--no-approve']),
  },
  '0.87': { ...modern, version: '0.87.1' },
  '1.5': {
    ...modern,
    version: '1.5.2',
    settledSaysAborted: true,
    disposition: true,
    fileAtFirstUser: true,
    durations: true,
    abortWaitsForPrompt: false,
    abortAfterTool: { stopReason: 'aborted', errorMessage: 'This operation was aborted' },
  },
};
