import { readFileSync } from 'node:fs';
import { AgentRuntimeError } from '@runtime/contracts';
import type { RuntimeHandle } from '@runtime/contracts/adapter';
import { launchRecordSchema, tmuxRunFiles, type LaunchRecord } from './run-files.ts';

/** What attach.json holds: commands that show the run's terminal, for whoever has no idea of tmux. */
export interface AttachCommands {
  readonly command: readonly string[];
  /** Looks on and cannot type. */
  readonly readOnly: readonly string[];
}

/** Both ways into a run's terminal. */
export function attachCommands({
  tmux,
  socket,
  session,
}: Pick<LaunchRecord, 'tmux' | 'socket' | 'session'>): AttachCommands {
  const command = [tmux, '-u', '-S', socket, 'attach-session', '-t', `=${session}`];
  return { command, readOnly: [...command, '-r'] };
}

/**
 * The command with which a person joins a live run at its terminal; run it with a terminal as its stdio and without TMUX in its environment.
 * Throws NOT_FOUND for a run that was never started by this adapter.
 */
export function attachCommand(handle: RuntimeHandle, options: { readonly readOnly?: boolean } = {}): string[] {
  let record: LaunchRecord;
  try {
    record = launchRecordSchema.parse(JSON.parse(readFileSync(tmuxRunFiles(handle.runDir).record, 'utf8')));
  } catch (cause) {
    throw new AgentRuntimeError('NOT_FOUND', `run ${handle.runId} has no terminal`, {
      hint: 'only a run of a tmux runtime that was started has one',
      cause,
    });
  }
  const { command, readOnly } = attachCommands(record);
  return [...(options.readOnly === true ? readOnly : command)];
}
