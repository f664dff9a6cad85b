import { basename, dirname, isAbsolute } from 'node:path';
import { AgentRuntimeError, artifactNameSchema, idSchema, maxPutBytes, type ArtifactRef } from '@runtime/contracts';
import type { ArtifactStore, HeldContent } from '@runtime/contracts/artifacts';
import { z } from 'zod';
import type { Plane } from '../plane/plane.ts';

const source = { taskId: idSchema, name: artifactNameSchema, mediaType: z.string().min(1).max(200).optional() };
/** Four characters for three bytes. */
const maxBase64Chars = Math.ceil(maxPutBytes / 3) * 4;
const tooMuch = `at most ${maxPutBytes} bytes are taken as they are: put them into a file and name that`;

export const putParamsSchema = z.union([
  z.strictObject({ ...source, file: z.string().max(4096).refine(isAbsolute, 'the path of the file is not absolute') }),
  z.strictObject({
    ...source,
    base64: z
      .base64()
      .max(maxBase64Chars, tooMuch)
      .refine((text) => Buffer.byteLength(text, 'base64') <= maxPutBytes, tooMuch),
  }),
]);
type PutParams = z.output<typeof putParamsSchema>;

/** Keeps bytes, or a file of this machine, with an unfinished task. */
export async function putArtifact(
  plane: Plane,
  params: PutParams,
  signal: AbortSignal,
): Promise<{ readonly artifact: ArtifactRef; readonly runId?: string; readonly time: number }> {
  const { taskId, name } = params;
  const task = await plane.task(taskId, 'act');
  const { mediaTypeOf } = await import('@runtime/artifacts');
  const store = await plane.ctx.artifacts();
  using content =
    'file' in params
      ? await storeFile(store, params.file, signal)
      : await store.put(Buffer.from(params.base64, 'base64'));
  const { sha256, bytes } = content;
  const artifact = { name, sha256, bytes, mediaType: params.mediaType ?? mediaTypeOf(name) };
  let runId: string | undefined;
  const { updatedAt } = await task.transact((state) => {
    runId = state.runs.at(-1)?.runId;
    return [{ type: 'artifact.stored', artifact, origin: 'put', ...(runId === undefined ? {} : { runId }) }];
  });
  return { artifact, ...(runId === undefined ? {} : { runId }), time: updatedAt };
}

async function storeFile(store: ArtifactStore, file: string, signal: AbortSignal): Promise<HeldContent> {
  const { importFiles } = await import('@runtime/artifacts');
  const { files, refused } = await importFiles(store, {
    dir: dirname(file),
    names: [basename(file)],
    maxBytes: Infinity,
    signal,
  });
  const [stored] = files;
  if (stored) return stored.content;
  const [refusal] = refused;
  if (!refusal) throw new AgentRuntimeError('NOT_FOUND', `there is no file ${file}`, { hint: 'name a regular file' });
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${file} cannot be kept: ${refusal.message}`, {
    hint: 'name a regular file that nobody writes',
  });
}
