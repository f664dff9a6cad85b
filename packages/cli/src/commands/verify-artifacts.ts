import { join } from 'node:path';
import { AgentRuntimeError, formatArtifactUri, type ControlPlane } from '@runtime/contracts';
import { z } from 'zod';
import type { CommandContext } from '../invocation/context.ts';
import type { Handler } from '../invocation/handle.ts';
import { exitCodes } from '../exit-codes.ts';
import { openToEnd } from '../plane/open-to-end.ts';
import { formatBytes } from '../render/bytes.ts';
import { sanitizeLine } from '../sanitize.ts';

/** Bytes that cannot be had, and the artifacts that they are of. */
interface Problem {
  readonly sha256: string;
  readonly problem: string;
  readonly uris: readonly string[];
}

/** `runtime artifacts verify`. */
export const verifyAll: Handler = async (context) => {
  const { out } = context;
  const names = await namesOf(context, await context.reading());
  const { bytes, contents, problems } = await examine(context, names);
  const ok = problems.length === 0;
  await out.document({ ok, contents, bytes, problems });
  if (out.quiet) {
    await out.bare(problems.map(({ sha256 }) => sha256).join('\n'));
    return ok ? exitCodes.succeeded : exitCodes.failed;
  }
  for (const { sha256, problem, uris } of problems) {
    await out.line(`${out.colours.red('✗')} ${sha256.slice(0, 12)}  ${sanitizeLine(problem, 500)}`);
    for (const uri of uris.slice(0, 10)) await out.line(`  ${sanitizeLine(uri, 2000)}`);
    if (uris.length > 10) await out.line(`  and ${uris.length - 10} more`);
  }
  const all = `${contentsOf(contents)}, ${formatBytes(bytes)}`;
  await out.line(
    ok
      ? `${out.colours.green('✓')} the artifacts are intact: ${all}`
      : `${problems.length} of ${all} are damaged or gone`,
  );
  return ok ? exitCodes.succeeded : exitCodes.failed;
};

/** The URIs of all artifacts, by their digests. */
async function namesOf({ signal }: CommandContext, plane: ControlPlane): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  for await (const event of plane.events({ follow: false, types: ['artifact.stored'], signal })) {
    const { artifact } = event as unknown as { readonly artifact: { readonly name: string; readonly sha256: string } };
    const taskId = event.stream.slice('task/'.length);
    const uri = formatArtifactUri({ kind: 'name', taskId, name: artifact.name });
    names.set(artifact.sha256, [...(names.get(artifact.sha256) ?? []), uri]);
  }
  signal.throwIfAborted();
  return names;
}

async function examine({ dataDir, signal, out }: CommandContext, names: ReadonlyMap<string, readonly string[]>) {
  const { openArtifactStore, verifyArtifacts } = await import('@runtime/artifacts');
  const problems: Problem[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  // A reader of its own: to read everything is no work for the owner.
  const store = await openArtifactStore({ dir: join(dataDir, 'artifacts'), readOnly: true }).catch((error: unknown) => {
    if (AgentRuntimeError.isInstance(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  const stopMoving = out.moving(
    () => `${seen.size} of ${contentsOf(Math.max(seen.size, names.size))}, ${formatBytes(bytes)}`,
  );
  try {
    for await (const content of store ? verifyArtifacts(store, { signal }) : []) {
      seen.add(content.sha256);
      bytes += content.bytes;
      if (!content.problem) continue;
      problems.push({
        sha256: content.sha256,
        problem: content.problem.rawMessage,
        uris: names.get(content.sha256) ?? [],
      });
    }
  } finally {
    stopMoving();
    await store?.close();
  }
  for (const [sha256, uris] of names)
    if (!seen.has(sha256)) problems.push({ sha256, problem: 'its bytes are gone', uris });
  return { bytes, contents: seen.size, problems };
}

const contentsOf = (count: number): string => `${count} content${count === 1 ? '' : 's'}`;

const collectOptionsSchema = z.object({ remove: z.boolean().default(false) });

/** `runtime artifacts gc`. */
export const collect: Handler = async (context, _args, given) => {
  const { out, signal, program } = context;
  const { remove } = collectOptionsSchema.parse(given);
  const { plane } = await openToEnd(context);
  const report = await plane.collectGarbage({ dryRun: !remove, signal });
  await out.document({ ...report, dryRun: !remove });
  const { removed, removedBytes, kept, keptBytes } = report;
  const what = `${contentsOf(removed)} (${formatBytes(removedBytes)}) that no task names`;
  const rest = `${kept} (${formatBytes(keptBytes)}) stay`;
  if (remove) return out.line(`removed ${what}; ${rest}`);
  await out.line(`${what}; ${rest}`);
  if (removed > 0) out.remark(context.spoken(`to remove them: ${program} artifacts gc --remove`));
};
