import { AgentRuntimeError, parseArtifactUri, throwIfAborted, type TaskEvent } from '@runtime/contracts';
import { taskStream } from '@runtime/contracts/log';
import { z } from 'zod';
import { parseWith } from '../client/parse.ts';
import type { Ending } from './read-events.ts';
import type { ReadPort } from './ports.ts';

const readParamsSchema = z.strictObject({
  uri: z.string().max(8192),
  start: z.int().min(0).optional(),
  end: z.int().min(0).optional(),
  /** The cursor of a chunk: the reading goes on behind it. */
  after: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional(),
});

/** As base64 this is a frame of 256 KiB. */
const pieceBytes = 192 * 1024;

/** The bytes that a URI names, batch by batch, each with a cursor: how far into the content it comes. */
export async function* readArtifact(
  reader: ReadPort,
  params: unknown,
  { signal: wanted, closing }: Ending,
): AsyncIterable<readonly unknown[]> {
  const { uri, start = 0, end, after } = parseWith(readParamsSchema, params, 'artifact.read');
  const signal = wanted ? AbortSignal.any([wanted, closing]) : closing;
  const sha256 = await digestOf(reader, uri, signal);
  let at = after === undefined ? start : Number(after);
  const store = await reader.artifacts();
  const part = { ...(at > 0 ? { start: at } : {}), ...(end === undefined ? {} : { end }) };
  for await (const chunk of store.read(sha256, { ...part, signal })) {
    for (let from = 0; from < chunk.byteLength; from += pieceBytes) {
      const piece = chunk.subarray(from, from + pieceBytes);
      at += piece.byteLength;
      const base64 = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('base64');
      yield [{ cursor: String(at), base64 }];
    }
  }
}

/** Throws INVALID_ARGUMENT for what is no artifact's URI, NOT_FOUND for a task or a name that is not there. */
async function digestOf(reader: ReadPort, text: string, signal: AbortSignal): Promise<string> {
  const uri = parseArtifactUri(text);
  if (uri.kind === 'content') return uri.sha256;
  const { taskId, name } = uri;
  reader.requireTask(taskId);
  let found: string | undefined;
  for await (const events of reader.log.read({ stream: taskStream(taskId), signal })) {
    // What the log holds was checked when it was written.
    for (const event of events as readonly unknown[] as readonly TaskEvent[])
      if (event.type === 'artifact.stored' && event.artifact.name === name) found = event.artifact.sha256;
  }
  throwIfAborted(signal);
  if (found !== undefined) return found;
  throw new AgentRuntimeError('NOT_FOUND', `task ${taskId} has no artifact ${JSON.stringify(name)}`, {
    hint: `list its artifacts: runtime artifacts list ${taskId}`,
  });
}
