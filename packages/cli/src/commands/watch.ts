import type { ControlPlane, RunOutcome, TaskStreamEvent } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import type { CommandContext } from '../invocation/context.ts';
import { followTask } from '../plane/follow-task.ts';
import type { Output } from '../render/output.ts';
import { createLiveView, type LiveView } from '../render/live-view.ts';
import { describeOutcome } from '../render/summary.ts';
import { paintStatus } from '../render/task.ts';

/** How to show a task. */
export interface WatchOptions {
  /** Show only what the agent says. */
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Connects again after the owner died. Left out where this process is the owner. */
  readonly reconnect?: (() => Promise<ControlPlane>) | undefined;
}

/** Shows a task until it has ended, and returns its outcome; undefined when `signal` ended the watching before. */
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
  const queuedNote = quiet ? undefined : setTimeout(() => out.note(queuedHint), context.deps.queuedNoteMs ?? 2000);
  try {
    for await (const event of followTask(plane, taskId, { follow: true, signal, reconnect })) {
      if (event.type === 'task.submitted') keptOpen = event.spec.until === 'closed';
      else clearTimeout(queuedNote);
      if (event.type === 'task.ended') outcome = event.outcome;
      if (out.json) await out.record(event);
      else await out.write(view.show(event) + restHint(event, keptOpen && !quiet, view, out));
      if (signal.aborted) break;
    }
  } finally {
    clearTimeout(queuedNote);
  }
  if (!out.json) await out.write(view.end());
  if (outcome !== undefined && !quiet) {
    const why = describeOutcome(outcome).slice(outcome.status.length);
    const elapsed = formatDuration(Date.now() - started);
    await out.line(`${paintStatus(outcome.status, out.colours)}${why} after ${elapsed}  ${out.colours.dim(taskId)}`);
  }
  return outcome;
}

const queuedHint = 'queued behind other tasks, or behind a task in the same workspace; runtime list shows them';

/** The line for a task that is kept open and now waits for a person. */
function restHint(event: TaskStreamEvent, keptOpen: boolean, view: LiveView, out: Output): string {
  if (!keptOpen || event.type !== 'turn.ended') return '';
  const id = event.stream.slice('task/'.length);
  return view.line(
    out.colours.dim(`the agent rests; to go on: runtime follow-up ${id} "<text>", to end: runtime close ${id}`),
  );
}
