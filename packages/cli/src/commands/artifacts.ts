import { mkdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { AgentRuntimeError, type Artifact, type ControlPlane } from '@runtime/contracts';
import { z } from 'zod';
import { usageError } from '../arguments/usage-error.ts';
import type { CommandContext } from '../invocation/context.ts';
import type { Handler } from '../invocation/handle.ts';
import { findTask } from '../plane/find-task.ts';
import { answerOf } from '../plane/answer-of.ts';
import { formatBytes } from '../render/bytes.ts';
import { shortId } from '../render/short-id.ts';
import { formatTable } from '../render/table.ts';
import { sanitizeLine } from '../sanitize.ts';

const getOptionsSchema = z.object({ to: z.string().optional(), message: z.boolean().default(false) });

/** `runtime artifacts list`. */
export const listArtifacts: Handler = async (context, [id]) => {
  const { out, signal } = context;
  const plane = await context.reading();
  const task = await findTask(context, plane, id);
  const artifacts = await artifactsOf(plane, task.id, signal);
  await out.document(artifacts.map(factsOf));
  if (out.quiet) return out.bare(artifacts.map(({ name }) => name).join('\n'));
  if (artifacts.length === 0) return out.line(`task ${shortId(task.id)} has no artifacts`);
  const rows = artifacts.map(({ bytes, origin, mediaType, name }) => [
    formatBytes(bytes),
    origin,
    sanitizeLine(mediaType, 40),
    sanitizeLine(name, 1024),
  ]);
  const { colours: c, columns } = out;
  // Whole: a name is for the next command.
  const style = { columns, wrap: true, paint: (cell: string, row: number) => (row === 0 ? c.dim(cell) : cell) };
  for (const line of formatTable([['SIZE', 'FROM', 'TYPE', 'NAME'], ...rows], style)) await out.line(line);
};

/** `runtime artifacts get`. */
export const getArtifacts: Handler = async (context, [first, ...names], given) => {
  const { to, message } = getOptionsSchema.parse(given);
  const { signal } = context;
  const wanted = names.flatMap((name) => (name === undefined ? [] : [name]));
  if (message && (to !== undefined || wanted.length > 0))
    throw usageError('--message names what is printed', 'leave the names and --to out');
  if (first?.startsWith('artifact://') === true) {
    if (to !== undefined || message || wanted.length > 0)
      throw usageError('a URI names the one artifact that is printed', 'name a task to write files');
    return print(context, (await context.reading()).readArtifact(first, { signal }));
  }
  if (!message && to === undefined && wanted.length !== 1)
    throw usageError(
      'name the one artifact that is printed, or a directory with --to',
      'runtime artifacts list <task> shows them',
    );
  const plane = await context.reading();
  const task = await findTask(context, plane, first);
  if (message) return print(context, answerOf(plane, task.id, { signal }));
  const all = await artifactsOf(plane, task.id, signal);
  const chosen = wanted.length === 0 ? all : wanted.map((name) => named(all, name, task.id));
  const [one] = chosen;
  if (!one) throw new AgentRuntimeError('NOT_FOUND', `task ${shortId(task.id)} has no artifacts`);
  if (to === undefined) return print(context, one.body({ signal }));
  return writeFiles(context, plane, chosen, resolve(context.deps.cwd, to));
};

async function artifactsOf(plane: ControlPlane, taskId: string, signal: AbortSignal): Promise<Artifact[]> {
  const artifacts: Artifact[] = [];
  for await (const artifact of plane.task(taskId).artifacts({ signal })) artifacts.push(artifact);
  return artifacts;
}

/** Without what reads its bytes. */
const factsOf = (artifact: Artifact) =>
  Object.fromEntries(Object.entries(artifact).filter(([name]) => name !== 'body'));

function named(all: readonly Artifact[], name: string, taskId: string): Artifact {
  const found = all.find((artifact) => artifact.name === name);
  if (found) return found;
  const id = shortId(taskId);
  throw new AgentRuntimeError('NOT_FOUND', `task ${id} has no artifact ${JSON.stringify(name)}`, {
    hint: `runtime artifacts list ${id} shows what it has`,
  });
}

/** Prints bytes as they are; on a terminal, only text, and nothing that controls it. */
async function print({ out }: CommandContext, body: AsyncIterable<Uint8Array>): Promise<void> {
  if (out.json) throw usageError('the bytes of an artifact are no JSON', 'leave --json out, or list them with it');
  await out.bytes(body);
}

async function writeFiles(
  { out, signal }: CommandContext,
  plane: ControlPlane,
  artifacts: readonly Artifact[],
  dir: string,
): Promise<void> {
  const { exportFiles } = await import('@runtime/artifacts');
  await mkdir(dir, { recursive: true });
  const store = {
    read: (sha256: string, options: { readonly signal?: AbortSignal } = {}) =>
      plane.readArtifact(`artifact://sha256/${sha256}`, options),
  };
  await exportFiles(store, artifacts, dir, { signal });
  await out.document(artifacts.map(({ name, bytes }) => ({ name, bytes, dir })));
  if (out.quiet) return out.bare(artifacts.map(({ name }) => name).join('\n'));
  const bytes = artifacts.reduce((sum, artifact) => sum + artifact.bytes, 0);
  const what = artifacts.length === 1 ? '1 file' : `${artifacts.length} files`;
  await out.line(`${what} (${formatBytes(bytes)}) in ${sanitizeLine(dir, 1000)}`);
}

const putOptionsSchema = z.object({ name: z.string().optional(), type: z.string().optional() });

/** `runtime artifacts put`. */
export const putFile: Handler = async (context, [id, path = ''], given) => {
  const { out, signal } = context;
  const { name, type } = putOptionsSchema.parse(given);
  if (path === '' || path === '-') throw usageError('name a file', 'runtime artifacts put <task> <file>');
  const file = resolve(context.deps.cwd, path);
  const plane = await context.writing();
  const task = await findTask(context, plane, id);
  const options = { signal, ...(type === undefined ? {} : { mediaType: type }) };
  const artifact = await plane.task(task.id).putArtifact(name ?? basename(file), { file }, options);
  await out.document(factsOf(artifact));
  if (out.quiet) return out.bare(artifact.uri);
  await out.line(`kept as ${sanitizeLine(artifact.uri, 2000)} (${formatBytes(artifact.bytes)})`);
};
