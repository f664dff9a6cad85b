import type { Task } from '../task/task.ts';
import { Collected, type Parts } from './collected.ts';
import { keepContent } from './keep-content.ts';

/** Stores what a check printed, both outputs by themselves; of an empty one nothing is kept. As `keepContent`. */
export async function collectOutput(
  task: Task,
  { runId, folder }: { readonly runId: string; readonly folder: string },
  outputs: { readonly stdout: Uint8Array; readonly stderr: Uint8Array },
): Promise<Collected> {
  const parts: Parts[] = [];
  for (const output of ['stdout', 'stderr'] as const) {
    const bytes = outputs[output];
    const named = { name: `${folder}/${output}.txt`, mediaType: 'text/plain' };
    if (bytes.byteLength > 0) parts.push(await keepContent(task, named, () => bytes));
  }
  const kept = parts.flatMap((part) => part.kept ?? []);
  const refused = parts.flatMap((part) => part.refused ?? []);
  return new Collected({ origin: 'check', runId }, { kept, refused });
}
