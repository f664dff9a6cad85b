import type { ControlPlane } from '@runtime/contracts';
import type { Reconnect } from './follow-task.ts';
import { connectForReading, connectIfOwned, type ConnectContext } from './connect.ts';

/** A plane to follow tasks on. */
export interface FollowedPlane {
  readonly plane: ControlPlane;
  /** Without an owner no task makes progress. */
  readonly isOwned: boolean;
  /** A reader starts no owner: after the old one died, it waits some time for the next one. */
  readonly reconnect: Reconnect | undefined;
}

/** Connects to the owner, else reads the files. */
export async function openForFollowing(
  context: ConnectContext & { reading(): Promise<ControlPlane> },
): Promise<FollowedPlane> {
  const owned = await connectIfOwned(context);
  const plane = context.closeAtEnd(owned ?? (await connectForReading(context)));
  return { plane, isOwned: owned !== undefined, reconnect: owned && (() => context.reading()) };
}
