import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane } from '@runtime/contracts';
import type { CommandContext } from '../invocation/context.ts';
import type { Handler } from '../invocation/handle.ts';
import { cannotChange, findLivingOwner } from '../plane/connect.ts';
import { leaveOwner } from '../plane/leave-owner.ts';
import { withoutOwner } from '../render/without-owner.ts';

/** As long as an owner may take to start. */
const answerMs = 15_000;

/** `runtime stop`. */
export const stop: Handler = async (context) => {
  const { out, deps } = context;
  const name = deps.mount?.name ?? 'runtime';
  const plane = await owner(context);
  const info =
    plane && (await leaveOwner(context, context.closeAtEnd(plane), { why: `${name} stop`, successor: false }));
  if (!info) {
    await out.document({ stopped: false });
    await out.line('no owner lives: there is nothing to stop');
    return;
  }
  const { pid, unfinished } = info;
  await out.document({ stopped: true, pid, unfinished });
  await out.line(`the owner (pid ${pid}) has left; ${withoutOwner(unfinished, deps)}`);
};

/** The owner, once it answers; undefined without one. It may be about to start, or to leave. */
async function owner(context: CommandContext): Promise<ControlPlane | undefined> {
  const until = performance.now() + answerMs;
  for (;;) {
    const found = await findLivingOwner(context);
    if (!AgentRuntimeError.isInstance(found)) return found;
    if (cannotChange(found) || performance.now() > until) throw found;
    await sleep(50, undefined, { signal: context.signal });
  }
}
