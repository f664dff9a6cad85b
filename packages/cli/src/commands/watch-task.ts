import type { AgentRuntimeError, ControlPlane, RunOutcome, TaskStreamEvent } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import type { CommandContext } from '../invocation/context.ts';
import { answerOf } from '../plane/answer-of.ts';
import { callingRun } from '../plane/calling-run.ts';
import { followTask, type Reconnect } from '../plane/follow-task.ts';
import { ownerStopped } from '../plane/owner-left.ts';
import { createLiveView, type LiveView } from '../render/live-view.ts';
import { shortId } from '../render/short-id.ts';
import { describeOutcome } from '../render/summary.ts';
import { paintStatus } from '../render/task.ts';
import { describeWaiting } from '../render/waiting.ts';

/** How to show a task. */
export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Connects again after the owner died. Left out where this process is the owner. */
  readonly reconnect?: Reconnect | undefined;
  /** Prints the last message when the task has ended; until then only, on stderr, what a person has to do. */
  readonly onlyLast?: boolean;
}

/**
 * Shows a task until it has ended, and returns its outcome; undefined when `signal` ended the watching before. Throws
 * CANCELLED when the owner was stopped.
 */
export async function watchTask(
  context: CommandContext,
  plane: ControlPlane,
  taskId: string,
  options: WatchOptions,
): Promise<RunOutcome | undefined> {
  const { out, program } = context;
  const { onlyLast = false } = options;
  const waitingRunId = await callingRun(context.deps);
  const view = createLiveView({
    colours: out.colours,
    live: out.live,
    quiet: out.quiet,
    verbose: context.options.verbose,
    columns: out.live ? out.columns : undefined,
    program,
    mount: context.deps.mount,
  });
  const now = context.deps.now ?? Date.now;
  const stopMoving = onlyLast ? () => {} : out.moving(() => view.activity(now()));
  const stopAsking = out.json || out.quiet ? () => {} : sayWhyQueued(context, plane, taskId, view);
  let times: { readonly from: number; readonly to: number } | undefined;
  let keptOpen = false;
  let takesMore = false;
  let outcome: RunOutcome | undefined;
  try {
    const stopped = (): AgentRuntimeError => ownerStopped(program, taskId);
    for await (const event of followTask(plane, taskId, { follow: true, stopped, waitingRunId, ...options })) {
      if (event.type === 'task.submitted') keptOpen = event.spec.until === 'closed';
      // One that takes no follow-up ends after its turn.
      if (event.type === 'run.started') takesMore = event.capabilities.followUp;
      times = { from: times?.from ?? event.time, to: event.time };
      if (event.type === 'task.ended') outcome = event.outcome;
      if (out.json) await out.record(event);
      else if (onlyLast) {
        const line = view.show(event);
        if (event.type === 'approval.requested') out.note(line.trimEnd());
      } else await out.write(view.show(event) + restHint(event, keptOpen && takesMore && !out.quiet, view, context));
      if (options.signal.aborted) break;
    }
  } finally {
    stopAsking();
    stopMoving();
    if (!out.json && !onlyLast) await out.write(view.end());
  }
  if (onlyLast && outcome !== undefined) {
    if (outcome.status !== 'succeeded') out.note(describeOutcome(outcome));
    await out.bytes(answerOf(await context.reading(), taskId, { signal: options.signal }));
    return outcome;
  }
  if (outcome !== undefined && !out.quiet) {
    const why = describeOutcome(outcome).slice(outcome.status.length);
    const elapsed = formatDuration((times?.to ?? 0) - (times?.from ?? 0));
    const last = `${paintStatus(outcome.status, out.colours)}${why} after ${elapsed}  ${out.colours.dim(shortId(taskId))}`;
    if (!out.json) await out.write(view.line(last));
  }
  return outcome;
}

/** Says on stderr what a queued task waits for, when it has waited for some time and whenever that changes. */
function sayWhyQueued(
  { deps, out, starts }: CommandContext,
  plane: ControlPlane,
  taskId: string,
  view: LiveView,
): () => void {
  let said: string | undefined;
  let isOver = false;
  let timer: NodeJS.Timeout;
  const ask = async (): Promise<void> => {
    if (view.queued) {
      // A plane that is gone is the reader's affair, which connects again.
      const shown = await plane
        .task(taskId)
        .status()
        .catch(() => undefined);
      const why = shown && describeWaiting(shown, { now: (deps.now ?? Date.now)(), starts });
      const reason = shown?.waitingFor?.text;
      if (why !== undefined && reason !== said && view.queued) {
        said = reason;
        out.note(`queued: ${why}`);
      }
    }
    if (!isOver) timer.refresh();
  };
  timer = setTimeout(() => void ask(), deps.queuedNoteMs ?? 2000);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/** The line for a task that is kept open, on a runtime that takes more, and now waits for a person. */
function restHint(event: TaskStreamEvent, goesOn: boolean, view: LiveView, context: CommandContext): string {
  if (!goesOn || event.type !== 'turn.ended') return '';
  const { out, program, spoken } = context;
  const id = shortId(event.stream.slice('task/'.length));
  const next = `to go on: ${program} follow-up ${id} "<text>"; to end: ${program} close ${id}`;
  return view.line(out.colours.dim(spoken(`the agent rests; ${next}`)));
}
