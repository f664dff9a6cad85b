import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type ControlPlane, type TaskStreamEvent } from '@runtime/contracts';
import { defined } from '../defined.ts';
import { isUnavailable } from './connect.ts';
import { wasStopped } from './owner-left.ts';

/** How to read the events of a task. */
export interface FollowOptions {
  /** A cursor, or `now`. @default from the first event */
  readonly after?: string | undefined;
  /** Whether to wait for new events up to `task.ended`. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** The run whose agent waits for the end of the task, when an agent called this command. */
  readonly waitingRunId?: string | undefined;
  /**
   * Connects again after the owner was lost, for this reason. Without it, the death of the owner ends the reading with
   * its error.
   */
  readonly reconnect?: Reconnect | undefined;
  /** What to throw when the owner was stopped. @default nothing: it connects again */
  readonly stopped?: (() => AgentRuntimeError) | undefined;
}

/** Connects again; `lost` is why the last connection ended, where that was said. */
export type Reconnect = (lost?: AgentRuntimeError) => Promise<ControlPlane>;

const maxFailures = 5;

/**
 * Yields the events of a task. When the owner dies, it connects to the next one and continues after the last event.
 * Throws after more than five failures without an event in between.
 */
export async function* followTask(
  first: ControlPlane,
  taskId: string,
  options: FollowOptions,
): AsyncGenerator<TaskStreamEvent> {
  let plane = first;
  let { after } = options;
  for (let failures = 0; ;) {
    let lost: AgentRuntimeError | undefined;
    try {
      const { follow, signal, waitingRunId } = options;
      for await (const event of plane.task(taskId).events(defined({ after, follow, signal, waitingRunId }))) {
        failures = 0;
        // After a reconnect, reading continues here.
        after = event.cursor;
        yield event;
        if (event.type === 'task.ended') return;
      }
      // An owner of an earlier version ends a reading so when it leaves.
      if (!options.follow || options.signal.aborted || options.reconnect === undefined) return;
      failures += 1;
    } catch (error) {
      if (!isUnavailable(error) || options.reconnect === undefined || options.signal.aborted) throw error;
      if (options.stopped && wasStopped(error)) throw options.stopped();
      lost = error;
      failures += 1;
      if (failures > maxFailures) throw error;
    }
    if (failures > maxFailures) {
      throw new AgentRuntimeError('UNAVAILABLE', `the connection to the owner was lost ${failures} times in a row`, {
        hint: `runtime watch ${taskId} continues; runtime doctor shows which process holds the data directory`,
      });
    }
    await sleep(failures * 100, undefined, { signal: options.signal });
    plane = await options.reconnect(lost);
  }
}
