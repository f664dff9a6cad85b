import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError } from '@runtime/contracts';
import { findLivingOwner, type ConnectContext } from './connect.ts';
import type { FollowedPlane } from './open-for-following.ts';
import { wasStopped } from './owner-left.ts';

const lookMs = 500;

/** How to say it. */
export interface SayOptions {
  /** The command ends when the owner was stopped, and says so itself. @default false */
  readonly untilStopped?: boolean;
}

/**
 * Says to a person who follows tasks when their owner is gone, and when there is one again, each once. Returns how to
 * stop, before the context is closed.
 */
export function sayOwnerChanges(
  context: ConnectContext & { readonly starts: string },
  { plane, isOwned }: FollowedPlane,
  { untilStopped = false }: SayOptions = {},
): () => Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, context.signal]);
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const watch = async (): Promise<void> => {
    let owner = isOwned ? plane : undefined;
    // Where there was none, the command has said so.
    let isGone = !isOwned;
    while (!signal.aborted) {
      const lost = owner && (await Promise.race([owner.closed, stopped]));
      if (untilStopped && wasStopped(lost)) return;
      const found = await findLivingOwner({ ...context, signal });
      owner = AgentRuntimeError.isInstance(found) ? undefined : found && context.closeAtEnd(found);
      if (owner && isGone) context.out.remark('an owner is back; its tasks go on');
      if (!found && !isGone) context.out.remark(`no owner lives, so no task makes progress${context.starts}`);
      isGone = found === undefined || (isGone && owner === undefined);
      await sleep(lookMs, undefined, { signal });
    }
  };
  // What keeps from asking keeps from following, too, and is thrown there.
  const watching = watch().catch(() => undefined);
  return async () => {
    stop.abort();
    await watching;
  };
}
