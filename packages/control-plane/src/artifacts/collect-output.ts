import { AgentRuntimeError } from '@runtime/contracts';
import type { HeldContent } from '@runtime/contracts/artifacts';
import type { Task } from '../task/task.ts';
import { whenThereIsRoom } from '../waiting/disk-room.ts';
import { Collected } from './collected.ts';

/** Stores what a check printed, both outputs by themselves; of an empty one nothing is kept. As `collectMessage`. */
export async function collectOutput(
  task: Task,
  { runId, folder }: { readonly runId: string; readonly folder: string },
  outputs: { readonly stdout: Uint8Array; readonly stderr: Uint8Array },
): Promise<Collected> {
  const { ctx } = task;
  const kept: { readonly name: string; readonly mediaType: string; readonly content: HeldContent }[] = [];
  const refused: { readonly name: string; readonly reason: 'unstored'; readonly message: string }[] = [];
  for (const [output, bytes] of [['stdout', outputs.stdout] as const, ['stderr', outputs.stderr] as const]) {
    if (bytes.byteLength === 0) continue;
    const name = `${folder}/${output}.txt`;
    try {
      const content = await whenThereIsRoom(async () => (await ctx.artifacts()).put(bytes), ctx.closing);
      kept.push({ name, mediaType: 'text/plain', content });
    } catch (thrown) {
      if (ctx.closing.aborted) throw thrown;
      refused.push({ name, reason: 'unstored', message: AgentRuntimeError.from(thrown).rawMessage });
    }
  }
  return new Collected({ origin: 'check', runId }, { kept, refused });
}
