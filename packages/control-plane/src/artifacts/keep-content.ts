import { AgentRuntimeError } from '@runtime/contracts';
import type { ContentSource } from '@runtime/contracts/artifacts';
import type { Task } from '../task/task.ts';
import type { Parts } from './collected.ts';

/**
 * Stores a content, and waits while the disk is full. A store that fails ends no work: it is a refusal. Throws only when
 * the plane closes. `body` is asked again for each try.
 */
export async function keepContent(
  task: Task,
  { name, mediaType }: { readonly name: string; readonly mediaType: string },
  body: () => ContentSource,
): Promise<Parts> {
  const { ctx } = task;
  try {
    const content = await task.whenThereIsRoom(async () => (await ctx.artifacts()).put(body()));
    return { kept: [{ name, mediaType, content }] };
  } catch (thrown) {
    if (ctx.closing.aborted) throw thrown;
    return { refused: [{ name, reason: 'unstored', message: AgentRuntimeError.from(thrown).rawMessage }] };
  }
}
