import type { ControlPlane, RunOutcome, TaskStreamEvent } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import type { CommandContext } from '../invocation/context.ts';
import { followTask } from '../plane/follow-task.ts';
import type { Output } from '../render/output.ts';
import { createLiveView, type LiveView } from '../render/live-view.ts';
import { describeOutcome } from '../render/summary.ts';
import { paintStatus } from '../render/task.ts';

export interface WatchOptions {
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Left out where this process owns the plane: there is nobody else to ask. */
  readonly reconnect?: (() => Promise<ControlPlane>) | undefined;
}

/** Shows a task until it ended, and gives its outcome; undefined when the watching was ended before. */
export async function watchTask(
  context: CommandContext,
  plane: ControlPlane,
  taskId: string,
  options: WatchOptions,
): Promise<RunOutcome | undefined> {
  const { out } = context;
  const { quiet, signal, reconnect } = options;
  const view = createLiveView({ colours: out.colours, live: out.live, quiet, verbose: context.options.verbose });
  const started = Date.now();
  let keptOpen = false;
  let outcome: RunOutcome | undefined;
  const waits = quiet ? undefined : setTimeout(() => out.note(waitsHint), context.deps.queuedNoteMs ?? 2000);
  try {
    for await (const event of followTask(plane, taskId, { follow: true, signal, reconnect })) {
      if (event.type === 'task.submitted') keptOpen = event.spec.until === 'closed';
      else clearTimeout(waits);
      if (event.type === 'task.ended') outcome = event.outcome;
      if (out.json) await out.record(event);
      else await out.write(view.show(event) + restHint(event, keptOpen && !quiet, view, out));
      if (signal.aborted) break;
    }
  } finally {
    clearTimeout(waits);
  }
  if (!out.json) await out.write(view.end());
  if (outcome !== undefined && !quiet) {
    const why = describeOutcome(outcome).slice(outcome.status.length);
    const elapsed = formatDuration(Date.now() - started);
    await out.line(`${paintStatus(outcome.status, out.colours)}${why} after ${elapsed}  ${out.colours.dim(taskId)}`);
  }
  return outcome;
}

const waitsHint = 'queued: it waits for its turn, or for another task in this workspace; runtime list shows what runs';

/** A task that is kept open does nothing more by itself: say what it waits for. */
function restHint(event: TaskStreamEvent, keptOpen: boolean, view: LiveView, out: Output): string {
  if (!keptOpen || event.type !== 'turn.ended') return '';
  const id = event.stream.slice('task/'.length);
  return view.line(out.colours.dim(`the agent rests: runtime follow-up ${id} "<text>", or runtime close ${id}`));
}
