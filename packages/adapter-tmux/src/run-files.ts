import { access } from 'node:fs/promises';
import path from 'node:path';
import { processIdentitySchema } from '@runtime/adapter-kit/process';
import {
  holderRecordSchema,
  isInPlace,
  promptModeSchema,
  readRecord,
  runPaths,
  writeNew,
  type RunPlace,
} from '@runtime/adapter-kit/run';
import { AgentRuntimeError, idSchema } from '@runtime/contracts';
import { z } from 'zod';

/**
 * tmux.json: where a run's server is and how its agent is spoken to. Written before anything is started, never changed.
 * No secrets, no prompt.
 */
const launchRecordSchema = z.object({
  version: z.literal(1),
  /** The file that tmux is, absolute. */
  tmux: z.string().min(1),
  /** A name is in the run's directory, which may be moved. */
  socket: z.string().min(1).max(107),
  /** Names the session. Nothing else ever reaches tmux as a name. */
  session: z.string().regex(/^ar-[a-z0-9]{1,40}$/),
  nonce: z.string().regex(/^[a-z0-9]{32}$/),
  prompt: promptModeSchema,
  instructionId: idSchema,
  submitKey: z.string(),
  readyPattern: z.string().optional(),
  maxOutputBytes: z.int().min(1).optional(),
  /** The notes say when the turn of a typed instruction began. Left out by earlier versions. */
  notesTurn: z.literal(true).optional(),
});
export type LaunchRecord = z.infer<typeof launchRecordSchema>;

/** holder.json as our holder writes it: adapter-kit's record, and the server besides. */
const holderSchema = holderRecordSchema.extend({
  server: processIdentitySchema,
  /** The server's version. */
  tmux: z.string().max(50),
});
export type TmuxHolder = z.infer<typeof holderSchema>;

/** The name of a server's socket in its run's directory. */
export const socketName = 'tmux.sock';

/** Where this adapter keeps its own files in a run's directory, beside the kit's. */
export function tmuxRunFiles(runDir: string) {
  const file = (name: string): string => path.join(runDir, name);
  return {
    record: file('tmux.json'),
    script: file('holder.sh'),
    command: file('command.nul'),
    environment: file('environment.nul'),
    workspace: file('workspace.nul'),
    prompt: file('prompt'),
    recording: file('out.raw'),
    recorderPid: file('recorder.pid'),
    recorderGone: file('recorder.gone'),
    release: file('release'),
    notes: file('notes.jsonl'),
  };
}

/** What nothing reads once the agent has ended and its recording is complete. */
export const tmuxLeftovers: readonly string[] = Object.freeze(
  'holder.sh command.nul workspace.nul prompt .notice gate release recorder.pid recorder.gone'.split(' '),
);

/**
 * The record is the right to try, the claim the right to begin, which `checkLaunch` has found free. Throws CONFLICT when
 * another start has the record, UNAVAILABLE.
 */
export async function writeLaunchRecord(runDir: string, record: LaunchRecord): Promise<void> {
  const socket = path.basename(record.socket) === socketName ? socketName : record.socket;
  await writeNew(tmuxRunFiles(runDir).record, `${JSON.stringify({ ...record, socket })}\n`);
}

/** Its socket is where it is now. Undefined when there is none or it is damaged. */
export async function readLaunchRecord(runDir: string): Promise<LaunchRecord | undefined> {
  const record = await readRecord(tmuxRunFiles(runDir).record, launchRecordSchema);
  return record && { ...record, socket: path.resolve(runDir, record.socket) };
}

/** The processes of holder, agent and server; undefined before the agent exists. */
export async function readTmuxHolder(runDir: string): Promise<TmuxHolder | undefined> {
  return readRecord(runPaths(runDir).holder, holderSchema);
}

/** Throws UNAVAILABLE where the run's directory is gone: then what is not found in it proves nothing. */
export async function refuseMoved(place: RunPlace): Promise<void> {
  if (!(await isInPlace(place))) throw new AgentRuntimeError('UNAVAILABLE', 'the run directory is not there');
}

export async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
