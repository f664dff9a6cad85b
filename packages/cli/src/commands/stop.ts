import type { Command } from 'commander';
import { AgentRuntimeError } from '@runtime/contracts';
import type { CliDependencies } from '../host/dependencies.ts';
import type { CommandContext } from '../invocation/context.ts';
import { addCommand } from '../invocation/add-command.ts';
import { findLivingOwner } from '../plane/connect.ts';
import { leaveOwner } from '../plane/leave-owner.ts';

/** `runtime stop`. */
export function registerStop(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'stop',
    examples: ['stop', 'stop --data-dir /srv/runtime', 'stop --json'],
    description: 'let the owner leave; agents go on, and the next command starts another owner',
    body: stop,
    details: `Ends no task and no agent: runtime cancel <task> does. Resolves once the owner's process has ended. What
agents do meanwhile is kept in their files and taken up by the next owner.`,
  });
}

async function stop(context: CommandContext): Promise<void> {
  const { out } = context;
  const found = await findLivingOwner(context);
  if (AgentRuntimeError.isInstance(found)) throw found;
  if (!found) {
    await out.document({ stopped: false });
    await out.line('no owner lives: there is nothing to stop');
    return;
  }
  const plane = context.closeAtEnd(found);
  const { pid, unfinished } = await plane.info({ signal: context.signal });
  await leaveOwner(context, plane, 'runtime stop');
  await out.document({ stopped: true, pid, unfinished });
  await out.line(`the owner (pid ${pid}) has left; ${whatGoesOn(unfinished)}`);
}

function whatGoesOn(unfinished: number): string {
  if (unfinished === 0) return 'no task goes on';
  const [tasks, them] = unfinished === 1 ? ['1 task goes', 'it'] : [`${unfinished} tasks go`, 'them'];
  return `${tasks} on without an owner; the next command takes ${them} up`;
}
