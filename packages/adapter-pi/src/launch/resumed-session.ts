import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAlive } from '@runtime/adapter-kit/process';
import { readHolderRecord, runPaths } from '@runtime/adapter-kit/run';
import { LineSplitter, parseJsonLine } from '@runtime/adapter-kit/source';
import { AgentRuntimeError } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';
import { z } from 'zod';
import { LineReader } from '../read/line-records.ts';
import { stateOf } from '../wire.ts';

/** The response to the first `get_state` is the first line or close to it. */
const searchedBytes = 1024 * 1024;

const headerSchema = z.looseObject({ type: z.literal('session'), id: z.string(), cwd: z.string() });

/**
 * The session file that a launch resumes; undefined for a launch that resumes nothing.
 *
 * Throws NOT_FOUND with `retry: 'never'` if the conversation cannot be resumed and the plane must start over.
 * `details.reason` is `no-session` (before 0.99 Pi writes no file until the first answer is complete) or
 * `other-workspace` (Pi works in the directory where the session began and ignores the launch's). Throws CONFLICT while
 * the earlier process lives: Pi does not lock the file, and two processes would fork the conversation.
 */
export async function sessionToResume({
  resume,
  workspace,
}: Pick<Launch, 'resume' | 'workspace'>): Promise<string | undefined> {
  if (!resume) return undefined;
  const record = await readHolderRecord(resume.runDir);
  if (record && (await isAlive(record.agent))) {
    throw new AgentRuntimeError('CONFLICT', `the process of session ${resume.agentSessionId} is still running`, {
      hint: 'stop the earlier run first',
    });
  }
  const file = await sessionFileOf(resume.runDir, resume.agentSessionId);
  const header = file === undefined ? undefined : await readHeader(file);
  if (file === undefined || header === undefined) {
    const isThere = file !== undefined && (await readHead(file)) !== undefined;
    const why = isThere
      ? `the file ${file} of session ${resume.agentSessionId} is not a valid session of Pi`
      : `session ${resume.agentSessionId} has no file: it ended before its first answer was complete`;
    throw missing('no-session', why);
  }
  if ((await real(header.cwd)) !== (await real(workspace))) {
    throw missing('other-workspace', `session ${resume.agentSessionId} belongs to the workspace ${header.cwd}`);
  }
  return file;
}

function missing(reason: 'no-session' | 'other-workspace', message: string): AgentRuntimeError {
  return new AgentRuntimeError('NOT_FOUND', message, {
    retry: 'never',
    hint: 'start from scratch',
    details: { reason },
  });
}

async function sessionFileOf(runDir: string, agentSessionId: string): Promise<string | undefined> {
  const head = await readHead(runPaths(runDir).stdout);
  const lines = new LineReader();
  for (const line of new LineSplitter().push(head ?? Buffer.alloc(0))) {
    for (const record of lines.take(line).found) {
      const state = record.type === 'unreadable' ? undefined : stateOf(record);
      if (state?.sessionId === agentSessionId) return state.sessionFile;
    }
  }
  return undefined;
}

async function readHeader(file: string): Promise<z.infer<typeof headerSchema> | undefined> {
  const [line] = new LineSplitter().push((await readHead(file)) ?? Buffer.alloc(0));
  const parsed = line?.kind === 'line' ? parseJsonLine(line.bytes) : undefined;
  const header = headerSchema.safeParse(parsed?.ok === true ? parsed.value : undefined);
  return header.success ? header.data : undefined;
}

/** The beginning of a regular file, also through a symbolic link; undefined if there is none. */
async function readHead(file: string): Promise<Buffer | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return undefined;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(searchedBytes), 0, searchedBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

const real = (folder: string): Promise<string> => realpath(folder).catch(() => folder);
