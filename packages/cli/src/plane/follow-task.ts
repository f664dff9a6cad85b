import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane, type TaskStreamEvent } from '@runtime/contracts';
import { defined } from '../defined.ts';
import { isUnavailable } from './connect.ts';

export interface FollowOptions {
  readonly after?: string | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Gives another plane after the owner of this one died; left out, that ends the reading with the error. */
  readonly reconnect?: (() => Promise<ControlPlane>) | undefined;
}

const maxFailures = 5;

/**
 * A task's events, over the death of its owner: the next owner takes the task up again, and reading goes on after the last event seen.
 * Gives up after five failures without an event in between.
 */
export async function* followTask(
  first: ControlPlane,
  taskId: string,
  options: FollowOptions,
): AsyncGenerator<TaskStreamEvent> {
  let plane = first;
  let { after } = options;
  for (let failures = 0; ;) {
    try {
      const { follow, signal } = options;
      for await (const event of plane.task(taskId).events(defined({ after, follow, signal }))) {
        failures = 0;
        // 'now' and a cursor both give way to where the reader stands.
        after = event.cursor;
        yield event;
        if (event.type === 'task.ended') return;
      }
      // The end of a following without the end of the task: the plane was closed under the reader.
      if (!options.follow || options.signal.aborted || options.reconnect === undefined) return;
      failures += 1;
    } catch (error) {
      if (!isUnavailable(error) || options.reconnect === undefined || options.signal.aborted) throw error;
      failures += 1;
      if (failures > maxFailures) throw error;
    }
    if (failures > maxFailures) {
      throw new AgentRuntimeError('UNAVAILABLE', 'the owner closes the connection again and again', {
        hint: `runtime events -f ${taskId} goes on reading; runtime doctor shows who holds the data directory`,
      });
    }
    await sleep(failures * 100, undefined, { signal: options.signal });
    plane = await options.reconnect();
  }
}
